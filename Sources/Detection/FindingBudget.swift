import Features
import Traffic

/// Raises the bounds of findings that only alert, where they come more often than operators put up with.
///
/// Such findings have innocent twins: a poller may ask as evenly and alike as somebody who guesses passwords. Where a site has
/// many, only what goes further than they do is worth telling. A bound doubles with the second entity that is told of within an
/// hour, those within a minute of each other being one; an hour without halves it. Beyond eight times nothing is
/// forgiven.
struct FindingBudget {
    private static let most = 8.0
    private static let enough = 1

    private struct Kind {
        var factor = 1.0
        var alerts = 0
        var since: Timestamp
        var last: Timestamp?
    }

    /// By the feature that shows the finding best.
    private var kinds: [Feature: Kind] = [:]

    /// How many times the usual bound it takes now.
    func factor(of feature: Feature) -> Double { kinds[feature]?.factor ?? 1 }

    /// Counts an alert on an entity by a finding.
    mutating func count(_ feature: Feature, at now: Timestamp) {
        var kind = kinds[feature] ?? Kind(since: now)
        defer { kinds[feature] = kind }
        if let last = kind.last, !now.hasPassed(.seconds(60), since: last) { return }
        kind.last = now
        kind.alerts += 1
        guard kind.alerts > Self.enough else { return }
        kind.factor = min(kind.factor * 2, Self.most)
        (kind.alerts, kind.since) = (0, now)
    }

    /// Lets bounds sink again for which there was hardly an alert.
    mutating func pass(to now: Timestamp) {
        for (feature, kind) in kinds where now.hasPassed(.seconds(3600), since: kind.since) {
            let factor = kind.alerts == 0 ? max(1, kind.factor / 2) : kind.factor
            kinds[feature] =
                factor > 1 || kind.alerts > 0 ? Kind(factor: factor, since: now, last: kind.last) : nil
        }
    }
}
