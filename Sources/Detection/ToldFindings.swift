import Traffic

/// What was told of one entity by findings that only alert.
///
/// Such findings have innocent twins, and that a poller or an update check goes on is no news. Each is told once, and once an hour
/// for as long as it goes on, which is for how long Zeek suppresses a notice of the same type and source by default. Sooner only
/// if it goes twice as far, had ceased for ten minutes, or, of calls as even as a clock's, is another run of them.
struct ToldFindings {
    private static let interval: Duration = .seconds(3600)
    /// What was not seen for so long is over.
    private static let story: Duration = .seconds(600)

    private struct Told {
        var finding: Finding
        var time: Timestamp
        var lastSeen: Timestamp

        /// Whether a later finding is about the same.
        ///
        /// A run of even calls is known by when it began, to a tenth of its length: it has ten gaps at least, and is seen
        /// when it calls.
        func isSame(as later: Finding, at now: Timestamp) -> Bool {
            guard finding.reason == later.reason, finding.feature == later.feature else { return false }
            guard let before = finding.lasted, let lasted = later.lasted else { return true }
            return abs((now - time).seconds + before - lasted) <= before / 10
        }
    }

    private var all: [Told] = []

    /// Whether a finding that was made just now has to be told, as far as the entity's earlier ones are concerned.
    mutating func isNews(_ finding: Finding, at now: Timestamp) -> Bool {
        guard let index = all.firstIndex(where: { $0.isSame(as: finding, at: now) }) else { return true }
        let before = all[index]
        guard !now.hasPassed(Self.interval, since: before.time),
            !now.hasPassed(Self.story, since: before.lastSeen),
            finding.lasted != nil || finding.excess < 2 * before.finding.excess
        else { return true }
        all[index].lastSeen = now
        return false
    }

    /// Notes that it was told.
    ///
    /// - Returns: whether it is the first of its kind within an hour.
    mutating func tell(_ finding: Finding, at now: Timestamp) -> Bool {
        all.removeAll { now.hasPassed(Self.interval, since: $0.time) }
        let isFirst = !all.contains { $0.finding.feature == finding.feature }
        all.removeAll { $0.isSame(as: finding, at: now) }
        all.append(Told(finding: finding, time: now, lastSeen: now))
        return isFirst
    }
}
