package import Traffic

/// How detection itself fares: what it holds in memory, how often it errs, how far traffic has moved from what was learned.
package struct DetectionReport: Codable, Hashable, Sendable {
    /// Numbers of the things that are remembered, by table.
    package struct Tracked: Codable, Hashable, Sendable {
        package var sources, destinations, conversations, services: Int

        package init(sources: Int, destinations: Int, conversations: Int, services: Int) {
            self.sources = sources
            self.destinations = destinations
            self.conversations = conversations
            self.services = services
        }
    }

    /// Drift of one view.
    package struct Drift: Codable, Hashable, Sendable {
        package var view: View
        /// The policy group whose own model it is about; absent for the shared one.
        package var group: String?
        /// From 1 on, scores have risen for good (cumulative sum over its bound).
        package var scoreShift: Double
        /// When they began to rise; absent below 1.
        package var since: Timestamp?
        /// Those that moved most.
        package var features: [Shift]

        package init(view: View, group: String?, scoreShift: Double, since: Timestamp?, features: [Shift]) {
            self.view = view
            self.group = group
            self.scoreShift = scoreShift
            self.since = since
            self.features = features
        }
    }

    /// Drift of one feature.
    package struct Shift: Codable, Hashable, Sendable {
        package var name: String
        /// Population stability index: below 0.1 nothing changed, beyond 0.25 it is another population.
        package var index: Double

        package init(name: String, index: Double) {
            self.name = name
            self.index = index
        }
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

    package init(
        tracked: Tracked, evicted: Tracked, acceptedAlarmsPerDay: Double, realisedAlarmsPerDay: Double?,
        drift: [Drift]
    ) {
        self.tracked = tracked
        self.evicted = evicted
        self.acceptedAlarmsPerDay = acceptedAlarmsPerDay
        self.realisedAlarmsPerDay = realisedAlarmsPerDay
        self.drift = drift
    }
}
