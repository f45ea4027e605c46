/// One rule of the data plane.
///
/// Precedence: allow > manual deny > automatic deny > limit > pass.
package struct Rule: Hashable, Sendable {
    /// What is done with packets that match.
    package enum Action: Hashable, Sendable {
        /// Never dropped, never limited, whatever other rules say.
        case allow
        case deny
        /// Dropped beyond this rate (token buckets, one pair for the rule, depth one second).
        case limit(Rate)
    }

    /// How much a limit lets through in a second: so many packets, so many bytes, or what keeps to both.
    package struct Rate: Hashable, Sendable {
        package let packets: UInt32?
        /// Frame lengths, Ethernet header included.
        package let bytes: UInt64?

        package init(packets: UInt32) { (self.packets, bytes) = (packets, nil) }

        /// Nothing at services that do not answer, all at those that do: for a source that may only have lent its name.
        package static let confined = Rate(packets: 0)

        package init(bytes: UInt64) { (packets, self.bytes) = (nil, bytes) }

        /// Whether it is `confined`.
        package var isConfined: Bool { packets == 0 }

        /// `nil` when neither is given: that would be no limit.
        package init?(packets: UInt32?, bytes: UInt64?) {
            if packets == nil, bytes == nil { return nil }
            (self.packets, self.bytes) = (packets, bytes)
        }
    }

    /// Who made it.
    ///
    /// Automatic rules stop to apply when the agent's heartbeat stops (unless configured otherwise).
    package enum Origin: String, CaseIterable, Hashable, Sendable { case manual, automatic }

    /// Which packets it is for.
    package enum Match: Hashable, Sendable {
        case source(Prefix)
        case scope(Scope)
    }

    /// Traffic to one address, and of that only what is named here; `nil` means any.
    package struct Scope: Hashable, Sendable {
        package let destination: Address
        package let `protocol`: IPProtocol?
        /// Destination port, or ICMP type * 256 + code; needs a protocol.
        package let port: UInt16?
        /// Where the traffic comes from, in the destination's family; never of length 0, which would be any.
        package let source: Prefix?

        package init(
            destination: Address, protocol: IPProtocol? = nil, port: UInt16? = nil, source: Prefix? = nil
        ) {
            self.destination = destination
            self.protocol = `protocol`
            self.port = port
            self.source = source?.length == 0 ? nil : source
        }
    }

    /// Names the rule in counters, store and command line; unique while the rule lives.
    package var id: UInt32
    package var match: Match
    package var action: Action
    package var origin: Origin
    /// Shadowed rules count what they would have dropped, and drop nothing.
    package var isShadowed: Bool
    /// The kernel stops applying the rule at this time; `nil` means never.
    package var expires: Timestamp?

    package init(
        id: UInt32, match: Match, action: Action, origin: Origin, isShadowed: Bool = false,
        expires: Timestamp? = nil
    ) {
        self.id = id
        self.match = match
        self.action = action
        self.origin = origin
        self.isShadowed = isShadowed
        self.expires = expires
    }
}

/// What a rule has done since it was installed.
package struct RuleCounters: Hashable, Sendable {
    package var id: UInt32
    /// Packets and bytes dropped (or, in shadow, that would have been).
    package var dropped: Count
    /// Time of the last packet that matched; `nil` if none did.
    package var lastHit: Timestamp?

    package init(id: UInt32, dropped: Count, lastHit: Timestamp?) {
        self.id = id
        self.dropped = dropped
        self.lastHit = lastHit
    }
}

/// How far the rules in the data plane had come from those that should be there.
package struct RuleDrift: Hashable, Sendable {
    /// Rules that were gone, or other than they should be, and were put in force again.
    package var missing: Int
    /// Rules that nobody wanted, and were removed.
    package var unknown: Int
    /// Ids of automatic rules that were gone, and for which there is no room any more.
    package var refused: Set<UInt32> = []

    package init(missing: Int = 0, unknown: Int = 0) {
        self.missing = missing
        self.unknown = unknown
    }

    package static func += (sum: inout Self, more: Self) {
        sum.missing += more.missing
        sum.unknown += more.unknown
        sum.refused.formUnion(more.refused)
    }
}

/// One of so many parts of all rules, told by their ids; so that comparing very many takes no long turn.
package struct RulePart: Hashable, Sendable {
    private let number: UInt32
    private let count: UInt32

    /// Part `number`, from 0, of `count`.
    package init(_ number: Int, of count: Int) {
        self.number = UInt32(clamping: number)
        self.count = max(1, UInt32(clamping: count))
    }

    package func contains(_ id: UInt32) -> Bool { id % count == number }
}

/// Where rules go: the kernel, or in replay a record of what would have been done.
package protocol RuleSink: AnyObject {
    /// Puts rules in force, replacing those of the same match, action kind and origin.
    ///
    /// - Returns: ids of automatic rules that there is no room for, which are not in force; all others are.
    /// - Throws: what kept it from that, and where there is no room for all that operators want, that: then none of these is in
    ///   force.
    @discardableResult
    func install(_ rules: [Rule]) throws -> Set<UInt32>
    /// Takes rules out of force. Rules that are not there are ignored.
    func remove(_ rules: [Rule]) throws
    /// Puts in force what of `wanted` is missing or different, and removes what else there is.
    ///
    /// - Parameters:
    ///   - wanted: every rule of this part that should be there.
    ///   - part: rules of others are left alone.
    /// - Returns: what had to be mended.
    /// - Throws: what kept it from that; what was mended before stays so.
    func mend(_ wanted: [Rule], in part: RulePart) throws -> RuleDrift
    /// Counters of all rules in force, in one pass.
    func counters() throws -> [RuleCounters]
}
