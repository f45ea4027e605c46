package import Detection
package import Features
package import Traffic

/// How detection itself fares: what it holds in memory, how often it errs, how far traffic has moved from what was learned.
package struct DetectionReport: Codable, Hashable, Sendable {
    /// Numbers of the things that are remembered, by table.
    package struct Tracked: Codable, Hashable, Sendable {
        package var sources, destinations, conversations, services: Int

        fileprivate init(_ counts: TrackedCounts) {
            sources = counts.sources
            destinations = counts.destinations
            conversations = counts.conversations
            services = counts.services
        }
    }

    /// Drift of one view.
    package struct Drift: Codable, Hashable, Sendable {
        package var view: Entity.View
        /// The policy group whose own model it is about; absent for the shared one.
        package var group: String?
        /// From 1 on, scores have risen for good (cumulative sum over its bound).
        package var scoreShift: Double
        /// When they began to rise; absent below 1.
        package var since: Timestamp?
        /// Those that moved most.
        package var features: [Shift]
    }

    /// Drift of one feature.
    package struct Shift: Codable, Hashable, Sendable {
        package var name: String
        /// Population stability index: below 0.1 nothing changed, beyond 0.25 it is another population.
        package var index: Double
    }

    /// Things remembered now.
    package var tracked: Tracked
    /// Things that had to leave for others so far: tables have a fixed size, and in a full one the least important leaves.
    package var evicted: Tracked
    /// In what is in no policy group, alarms without countable evidence: accepted, and realised in the last day; absent in the first hour.
    package var acceptedAlarmsPerDay: Double
    package var realisedAlarmsPerDay: Double?
    /// One a model and view, of those that were learned here.
    package var drift: [Drift]

    /// What a detector says of itself.
    package init(_ detector: Detector) {
        tracked = Tracked(detector.tracked)
        evicted = Tracked(detector.evicted)
        let rates = detector.alarmRates
        acceptedAlarmsPerDay = rates.first?.accepted ?? 0
        realisedAlarmsPerDay = rates.first?.realised
        drift = detector.drift.map { report in
            Drift(
                view: report.view, group: report.group, scoreShift: report.scoreShift, since: report.since,
                features: report.features.map { Shift(name: $0.name, index: Double($0.index)) })
        }
    }
}
