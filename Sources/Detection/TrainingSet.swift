package import Features
import Traffic

/// Windows of benign traffic to train on; a copy that can be handed to another thread.
package struct TrainingSet: Sendable {
    /// One view's windows.
    package struct View: Sendable {
        /// Features, row by row, `FeatureSchema.count` a row.
        package internal(set) var rows: [Float] = []

        /// Windows that were labelled as attacks; only boosted trees learn from them.
        package internal(set) var attacks: [Float] = []

        package var count: Int { rows.count / FeatureSchema.count }
    }

    /// Windows that were not taken, of both views, by the reason.
    package struct LeftOut: Hashable, Sendable {
        /// That looked like an attack.
        package internal(set) var odd = 0
        /// Of entities that there was a verdict on, from ten minutes before it to ten minutes after.
        package internal(set) var quarantined = 0
        /// Of entities of which there were as many as one may have.
        package internal(set) var beyondShare = 0

        static func + (left: Self, right: Self) -> Self {
            LeftOut(
                odd: left.odd &+ right.odd, quarantined: left.quarantined &+ right.quarantined,
                beyondShare: left.beyondShare &+ right.beyondShare)
        }
    }

    package internal(set) var source = View()
    package internal(set) var destination = View()
    /// The policy group whose windows these are; `nil`: of the network.
    package var group: String?
    /// Span of traffic they come from.
    package internal(set) var learned: Duration = .zero
    /// Windows seen an hour, one a second for each source.
    package internal(set) var windowsPerHour = 0.0
    /// What was not taken to train on.
    package internal(set) var leftOut = LeftOut()
    /// Recordings and judged alerts that were left out: their features are not this version's, or not known.
    package var outdated = (recordings: 0, alerts: 0)
    let shipped: ShippedModel

    /// Adds a window that somebody has judged; one of other features than this version's is let be.
    package mutating func add(_ row: [Float], of view: Entity.View, isAttack: Bool) {
        guard row.count == FeatureSchema.count else { return }
        switch (view, isAttack) {
        case (.source, false): source.rows += row
        case (.source, true): source.attacks += row
        case (.destination, false): destination.rows += row
        case (.destination, true): destination.attacks += row
        }
    }
}
