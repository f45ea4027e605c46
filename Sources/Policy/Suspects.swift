import Detection
import Features
import Traffic

/// Verdicts that wait for a second window.
///
/// One odd second is no attack. What rests on a score alone blocks only when a later window, that shares no packet with the
/// first, passes the bar again within `patience`.
struct Suspects: Hashable, Sendable {
    /// Windows are a second long: one that ends this much later has none of the first one's packets.
    static let distance: Duration = .seconds(1)
    static let patience: Duration = .seconds(5)
    /// So far beyond the bar (scores are decades: a hundred times rarer than it asks for), once is enough.
    static let farBeyond = 2.0

    private var held: [Entity: Verdict] = [:]

    /// Whether the verdict needs no second window.
    static func isPlain(_ verdict: Verdict) -> Bool {
        verdict.isCertain || verdict.score >= verdict.threshold + farBeyond
    }

    mutating func hold(_ verdict: Verdict) { held[verdict.entity] = verdict }

    /// Takes out what the windows of this turn confirm, in order of address, and forgets what was not confirmed in time.
    mutating func settle(by windows: [ScoredWindow], at now: Timestamp) -> [Verdict] {
        guard !held.isEmpty else { return [] }
        var confirmed: [Verdict] = []
        for window in windows {
            guard let verdict = held[window.entity], now - verdict.time >= Self.distance,
                window.score >= verdict.threshold
            else { continue }
            confirmed.append(verdict)
            held[window.entity] = nil
        }
        held = held.filter { now - $0.value.time <= Self.patience && now >= $0.value.time }
        return confirmed.sorted { $0.entity.prefix < $1.entity.prefix }
    }
}
