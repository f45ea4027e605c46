package import Traffic

/// When automatic blocking is held to have gone wrong.
package struct BreakerSettings: Hashable, Sendable {
    /// Most automatic bans within a minute.
    package var bansPerMinute: Int
    /// Most of the well-known sources that may be banned within ten minutes, 0...1; fewer than five never count.
    package var knownShare: Double
    /// Most of the well-known sources' usual traffic that may be banned within ten minutes, 0...1.
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

/// Counts what automatic bans touch.
struct Breakers: Hashable, Sendable {
    private static let span: Duration = .seconds(600)
    private static let leastSources = 5

    private var bans: [Timestamp] = []
    /// Bans on well-known sources: when, and what these usually send.
    private var known: [(time: Timestamp, packets: Double)] = []

    /// Counts a ban, and returns why it is one too many.
    mutating func count(
        _ prefix: Prefix, among acquaintances: Acquaintances, settings: BreakerSettings, at now: Timestamp
    ) -> Trip? {
        bans.removeAll { !(.zero..<Duration.seconds(60)).contains(now - $0) }
        known.removeAll { !(.zero..<Self.span).contains(now - $0.time) }
        bans.append(now)
        guard bans.count <= settings.bansPerMinute else {
            return Trip(
                time: now, reason: "more than \(settings.bansPerMinute) automatic bans within a minute")
        }
        guard let packets = acquaintances.usualPackets(of: prefix) else { return nil }
        known.append((now, packets))
        // Those banned before are no acquaintances any more; with this one they are what there was.
        let left = acquaintances.wellKnown
        let touched = known.reduce(0) { $0 + $1.packets }
        let sources = left.sources + known.count - 1
        if known.count >= Self.leastSources, Double(known.count) > settings.knownShare * Double(sources) {
            return Trip(
                time: now,
                reason: "automatic bans on \(known.count) of \(sources) well-known sources within ten minutes"
            )
        }
        let all = left.packets - packets + touched
        if sources >= Self.leastSources, touched > settings.trafficShare * all {
            let percent = Int((touched / max(all, 1) * 100).rounded())
            return Trip(
                time: now,
                reason: "automatic bans on \(percent) % of the well-known sources' traffic within ten minutes"
            )
        }
        return nil
    }

    /// Starts counting anew.
    mutating func reset() { self = Breakers() }

    static func == (left: Breakers, right: Breakers) -> Bool {
        left.bans == right.bans && left.known.elementsEqual(right.known) { $0 == $1 }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(bans) }
}
