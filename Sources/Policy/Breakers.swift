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

/// A circuit breaker that has tripped: automatic rules on sources that are known well only count, until its cause has ended
/// or an operator sets a mode.
package struct Trip: Hashable, Sendable {
    package var time: Timestamp
    /// One sentence: what there was too much of, and the bound.
    package var reason: String

    package init(time: Timestamp, reason: String) {
        self.time = time
        self.reason = reason
    }
}

/// Counts whom proven bans hit.
///
/// Nothing else counts: whoever forges names must not be able to end any blocking. What may be on a borrowed name is no ban.
struct Breakers: Hashable, Sendable {
    /// A well-known source that a rule is on.
    private struct Touch: Hashable, Sendable {
        var time: Timestamp
        /// What it usually sends.
        var packets: Double
    }

    /// So long a touch counts, and so long nothing may have been too much before the cause has ended.
    private static let span: Duration = .seconds(600)
    private static let leastSources = 5

    private var bans: [Timestamp] = []
    private var known: [Prefix: Touch] = [:]
    /// When there was too much of something last.
    private var lastExcess: Timestamp?

    /// Whether a source that is known well was touched lately: it still is, though its ban made a stranger of it.
    func knows(_ prefix: Prefix) -> Bool { known[prefix] != nil }

    /// Whether what tripped them has ended: nothing was too much for ten minutes.
    func areQuiet(at now: Timestamp) -> Bool {
        lastExcess.map { !(.zero..<Self.span).contains(now - $0) } ?? true
    }

    /// Counts a proven rule on all of a source's traffic, and returns why it is one too many.
    ///
    /// `number` of bans came with it: more than one if they were widened, none if it is a limit.
    mutating func count(
        _ prefix: Prefix, bans number: Int, among acquaintances: Acquaintances, settings: BreakerSettings,
        at now: Timestamp
    ) -> Trip? {
        let trip = excess(prefix, bans: number, among: acquaintances, settings: settings, at: now)
        if trip != nil { lastExcess = now }
        return trip
    }

    private mutating func excess(
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
        guard let packets = acquaintances.usualPackets(of: prefix) ?? known[prefix]?.packets else {
            return nil
        }
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
        lastExcess += step
    }

    /// Starts counting anew.
    mutating func reset() { self = Breakers() }
}
