package import Features

/// What a detector said about one capture.
package struct Record: Sendable {
    /// A decision, at the end of the window that it is about.
    package struct Alert: Hashable, Sendable {
        /// Seconds since the epoch.
        package var time: Double
        package var entity: Entity
        /// Whether the source was banned, or traffic limited.
        package var isBlock: Bool

        package init(time: Double, entity: Entity, isBlock: Bool) {
            self.time = time
            self.entity = entity
            self.isBlock = isBlock
        }
    }

    /// One scored window.
    package struct Window: Hashable, Sendable {
        package var time: Double
        package var entity: Entity
        package var score: Double

        package init(time: Double, entity: Entity, score: Double) {
            self.time = time
            self.entity = entity
            self.score = score
        }
    }

    /// In the order of their times.
    package var alerts: [Alert] = []
    package var windows: [Window] = []
    /// Of the frames, seconds since the epoch.
    package var firstTime = 0.0
    package var lastTime = 0.0

    package init() {}

    /// The same with blocks only.
    package var blocksOnly: Record {
        var record = self
        record.alerts = alerts.filter(\.isBlock)
        return record
    }
}
