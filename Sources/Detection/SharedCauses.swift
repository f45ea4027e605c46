import Features
import Traffic

/// Alerts that have one cause: several sources that do the same to one service.
///
/// The first of them is told. The others are no news for as long as it goes on, but for one who does it twice as much as any
/// before.
struct SharedCauses {
    private struct Cause: Hashable {
        var feature: Feature
        var destination: Address
        var port: UInt16
    }

    private struct Told {
        var entity: Entity
        var excess: Double
        var lastSeen: Timestamp
    }

    /// What was not seen for so long is over.
    private static let story: Duration = .seconds(600)
    private static let capacity = 1_024

    private var told: [Cause: Told] = [:]

    /// Whether the finding on an entity has to be told, as far as others are concerned.
    mutating func isNews(_ finding: Finding, on window: Window, at now: Timestamp) -> Bool {
        guard let cause = cause(of: finding, on: window) else { return true }
        guard var before = told[cause], !now.hasPassed(Self.story, since: before.lastSeen) else {
            if told.count >= Self.capacity {
                told = told.filter { !now.hasPassed(Self.story, since: $0.value.lastSeen) }
            }
            if told.count >= Self.capacity { told.removeAll() }
            told[cause] = Told(entity: window.entity, excess: finding.excess, lastSeen: now)
            return true
        }
        let isNews = before.entity == window.entity || finding.excess >= 2 * before.excess
        if isNews { (before.entity, before.excess) = (window.entity, max(before.excess, finding.excess)) }
        before.lastSeen = now
        told[cause] = before
        return isNews
    }

    /// Notes that what was told goes on.
    mutating func goOn(_ finding: Finding, on window: Window, at now: Timestamp) {
        if let cause = cause(of: finding, on: window) { told[cause]?.lastSeen = now }
    }

    private func cause(of finding: Finding, on window: Window) -> Cause? {
        window.evidence.largestFlow.map {
            Cause(feature: finding.feature, destination: $0.destination, port: $0.destinationPort)
        }
    }
}
