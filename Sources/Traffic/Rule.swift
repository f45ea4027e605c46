/// One rule of the data plane.
///
/// Precedence: allow > manual deny > automatic deny > prove > limit > pass.
package struct Rule: Hashable, Sendable {
    /// What is done with packets that match.
    package enum Action: Hashable, Sendable {
        /// Never dropped, never limited, whatever other rules say.
        case allow
        case deny
        /// Beginnings of TCP connections go on only from sources that have shown they receive what goes to their address, or
        /// that are known; nothing else is touched. In scopes only.
        case prove(Proof)
        /// Dropped beyond this rate (token buckets, one pair for the rule, depth one second).
        case limit(Rate)
    }

    /// What there is for those who prove their address, and for those who cannot.
    package struct Proof: Hashable, Sendable {
        /// Beginnings a second that a proof is good for; one who begins more is a stranger again.
        package var beginnings: UInt32
        /// Beginnings a second that pass without a proof, in all, because they were sent again after a second.
        package var retransmissions: UInt32
        /// Whether strangers are asked; if not, only what is sent again passes.
        package var asks: Bool

        package init(beginnings: UInt32 = 50, retransmissions: UInt32 = 200, asks: Bool = true) {
            self.beginnings = max(beginnings, 1)
            self.retransmissions = max(retransmissions, 1)
            self.asks = asks
        }
    }

    /// What is done, without how much of it; each kind has rules of its own on the same match.
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        case allow, deny, prove, limit

        /// As events, commands and documents have it: a deny rule with an end is a ban.
        package var word: String { self == .deny ? "ban" : rawValue }
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

    /// What it does, in one word.
    package var kind: Kind {
        switch action {
        case .allow: .allow
        case .deny: .deny
        case .prove: .prove
        case .limit: .limit
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

/// What became of the beginnings that a `prove` rule was asked about.
package struct Challenge: Hashable, Sendable {
    /// Beginnings of strangers that did not pass: asked, or dropped.
    package var challenged: UInt64 = 0
    /// Of these, those for whose address the proof came.
    package var proven: UInt64 = 0
    /// Beginnings that passed because they had been sent before.
    package var retransmitted: UInt64 = 0
    /// Beginnings that had been sent before, but too many of them.
    package var overBudget: UInt64 = 0
    /// Resets of strangers that proved nothing; they passed.
    package var wrong: UInt64 = 0
    /// Of `challenged`, those dropped without a question: the address has had enough of them, or cannot be asked.
    package var unanswered: UInt64 = 0

    package init() {}

    package static func += (left: inout Self, right: Self) {
        left.challenged &+= right.challenged
        left.proven &+= right.proven
        left.retransmitted &+= right.retransmitted
        left.overBudget &+= right.overBudget
        left.wrong &+= right.wrong
        left.unanswered &+= right.unanswered
    }

    /// What came since `earlier`; all of it, if it counts less by now: a rule that was installed anew counts from nothing.
    package func since(_ earlier: Self) -> Self {
        guard challenged >= earlier.challenged, proven >= earlier.proven,
            retransmitted >= earlier.retransmitted
        else { return self }
        var more = Challenge()
        more.challenged = challenged - earlier.challenged
        more.proven = proven - earlier.proven
        more.retransmitted = retransmitted - earlier.retransmitted
        more.overBudget = overBudget &- earlier.overBudget
        more.wrong = wrong &- earlier.wrong
        more.unanswered = unanswered &- earlier.unanswered
        return more
    }

    /// Beginnings that neither a proof nor a retransmission came for.
    package var forged: UInt64 { challenged - min(challenged, proven &+ retransmitted) }
}

/// Somebody with traffic both ways before an attack, who has nothing to prove.
package struct KnownSource: Hashable, Sendable {
    /// A source, as windows are made for: an IPv4 address, an IPv6 network.
    package var prefix: Prefix
    /// Beginnings a second that he may make.
    package var beginnings: UInt32

    package init(prefix: Prefix, beginnings: UInt32) {
        self.prefix = prefix
        self.beginnings = beginnings
    }
}

/// What a rule has done since it was installed.
package struct RuleCounters: Hashable, Sendable {
    package var id: UInt32
    /// Packets and bytes dropped (or, in shadow, that would have been).
    package var dropped: Count
    /// Time of the last packet that matched; `nil` if none did.
    package var lastHit: Timestamp?
    /// Of a `prove` rule.
    package var challenge: Challenge?

    package init(id: UInt32, dropped: Count, lastHit: Timestamp?, challenge: Challenge? = nil) {
        self.id = id
        self.dropped = dropped
        self.lastHit = lastHit
        self.challenge = challenge
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
    /// Tells who has nothing to prove, and whom limits on everybody's traffic to a service leave out.
    ///
    /// - Parameters:
    ///   - sources: all of them.
    ///   - isAll: whether others that were named earlier are forgotten.
    /// - Throws: what kept it from that; those who were known before stay so.
    func know(_ sources: [KnownSource], isAll: Bool) throws
}
