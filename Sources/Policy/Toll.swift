package import Traffic

/// What automatic rules stopped, or in shadow would have.
package struct Toll: Hashable, Sendable {
    /// With bans: all that the rules matched.
    package var enforced = Count()
    /// With sources limited instead: what of it went beyond their rate.
    package var limited = Count()
    /// The parts from sources that were well known when the rule was made.
    package var enforcedOfKnown = Count()
    package var limitedOfKnown = Count()

    package init() {}

    package static func += (left: inout Toll, right: Toll) {
        left.enforced += right.enforced
        left.limited += right.limited
        left.enforcedOfKnown += right.enforcedOfKnown
        left.limitedOfKnown += right.limitedOfKnown
    }
}

/// What a limit would have made of what a ban stopped: a bucket of one second's tokens, as the data plane's.
struct ShadowLimit: Hashable, Sendable {
    private var tokens: Double?
    private var filled: Timestamp?

    /// How many of `packets`, which came since the last call, a limit would have stopped.
    mutating func excess(of packets: UInt64, rate: UInt32, at now: Timestamp) -> UInt64 {
        let most = Double(rate)
        let passed = filled.map { min(max((now - $0).seconds, 0), 1) } ?? 1
        filled = now
        let room = min(most, (tokens ?? most) + most * passed)
        let passing = min(room.rounded(.down), Double(packets))
        tokens = room - passing
        return packets - UInt64(passing)
    }
}
