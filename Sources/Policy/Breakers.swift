package import Traffic

/// When automatic blocking is held to have gone wrong.
package struct BreakerSettings: Hashable, Sendable {
    /// Most automatic bans within a minute.
    package var bansPerMinute: Int
    /// Most of the well-known sources that may be touched within ten minutes, 0...1; fewer than five never count.
    package var knownShare: Double
    /// Most of the well-known sources' usual traffic that may be touched within ten minutes, 0...1.
    package var trafficShare: Double

    package init(bansPerMinute: Int = 600, knownShare: Double = 0.1, trafficShare: Double = 0.5) {
        self.bansPerMinute = bansPerMinute
        self.knownShare = knownShare
        self.trafficShare = trafficShare
    }
}

/// A circuit breaker that has tripped: automatic rules only count until an operator sets a mode.
package struct Trip: Hashable, Sendable {
    package var time: Timestamp
    /// One sentence: what there was too much of, and the bound.
    package var reason: String

    package init(time: Timestamp, reason: String) {
        self.time = time
        self.reason = reason
    }
}

/// Counts what automatic rules touch.
struct Breakers: Hashable, Sendable {
    /// A well-known source that a rule is on.
    private struct Touch: Hashable, Sendable {
        var time: Timestamp
        /// What it usually sends.
        var packets: Double
    }

    private static let span: Duration = .seconds(600)
    private static let leastSources = 5

    private var bans: [Timestamp] = []
    private var known: [Prefix: Touch] = [:]

    /// Counts an enforced rule on a source, and returns why it is one too many.
    ///
    /// `number` of bans came with it: none if it is a limit or keeps the source from one service only, for those may be on
    /// borrowed names, and whoever forges many must not be able to end all blocking. More if bans were widened.
    mutating func count(
        _ prefix: Prefix, bans number: Int, among acquaintances: Acquaintances, settings: BreakerSettings,
        at now: Timestamp
    ) -> Trip? {
        bans.removeAll { !(.zero..<Duration.seconds(60)).contains(now - $0) }
        known = known.filter { (.zero..<Self.span).contains(now - $0.value.time) }
        bans += Array(repeating: now, count: number)
        guard bans.count <= settings.bansPerMinute else {
            return Trip(
                time: now, reason: "more than \(settings.bansPerMinute) automatic bans within a minute")
        }
        guard let packets = acquaintances.usualPackets(of: prefix) else { return nil }
        known[prefix] = Touch(time: now, packets: packets)
        // Who was banned is no acquaintance any more; with those they are what there was.
        let gone = known.filter { acquaintances.usualPackets(of: $0.key) == nil }.values
        let left = acquaintances.wellKnown
        let sources = left.sources + gone.count
        if known.count >= Self.leastSources, Double(known.count) > settings.knownShare * Double(sources) {
            return Trip(
                time: now,
                reason:
                    "automatic rules on \(known.count) of \(sources) well-known sources within ten minutes"
            )
        }
        let touched = known.values.reduce(0) { $0 + $1.packets }
        let all = left.packets + gone.reduce(0) { $0 + $1.packets }
        if sources >= Self.leastSources, touched > settings.trafficShare * all {
            let percent = Int((touched / max(all, 1) * 100).rounded())
            return Trip(
                time: now,
                reason:
                    "automatic rules on \(percent) % of the well-known sources' traffic within ten minutes"
            )
        }
        return nil
    }

    /// Moves what is remembered along with a clock that was set.
    mutating func move(by step: Duration) {
        bans = bans.map { $0 + step }
        for prefix in known.keys { known[prefix]?.time += step }
    }

    /// Starts counting anew.
    mutating func reset() { self = Breakers() }
}
