package import Features
package import Traffic

/// How far the traffic of one view has moved from what the site's model was trained on.
package struct DriftReport: Hashable, Sendable {
    package var view: Entity.View
    /// The policy group whose own model it is about; `nil`: the shared one.
    package var group: String?
    /// The features that moved most, by population stability index; empty in the first minutes.
    package var features: [FeatureShift]
    /// The cumulative sum of score over its bound: scores have risen for good from 1 on.
    package var scoreShift: Double
    /// When scores began to rise, while they are beyond the bound.
    package var since: Timestamp?

    /// One sentence for people.
    package var sentence: String {
        let moved = features.prefix(3).map { "\($0.name) (\((Double($0.index) * 100).rounded() / 100))" }
        let which = moved.isEmpty ? "" : "; what moved most: \(moved.joined(separator: ", "))"
        let whose = group.map { " of the policy group \($0)" } ?? ""
        return "the \(view.rawValue) windows\(whose) are no longer what the model has learned\(which)"
    }
}

/// How far one feature has moved.
package struct FeatureShift: Hashable, Sendable {
    package var name: String
    /// Population stability index: below 0.1 nothing changed, beyond 0.25 it is another population.
    package var index: Float
}

/// Watches one view for drift from what its site model has learned.
struct Drift {
    private static let mostFeatures = 5
    /// A shift that is still there after so long is worth a word.
    private static let patience: Duration = .seconds(3600)

    private let view: Entity.View
    private let group: String?
    private var population: Population
    private var shift = ScoreShift()
    private var isTold = false

    init(_ view: Entity.View, of group: String? = nil, from model: SiteModel.View) {
        self.view = view
        self.group = group
        population = Population(model.reference)
    }

    /// Adds the score of a window that there was nothing to say of.
    mutating func add(score: Double) { shift.add(score) }

    /// Ends a reading.
    ///
    /// - Returns: the report, once, when a drift has lasted for an hour.
    mutating func pass(_ batch: WindowBatch, at now: Timestamp) -> DriftReport? {
        population.add(batch, at: now)
        shift.pass(now)
        guard shift.excess >= 1, let since = shift.since, now - since >= Self.patience else {
            if shift.excess < 1 { isTold = false }
            return nil
        }
        guard !isTold else { return nil }
        isTold = true
        return report
    }

    var report: DriftReport {
        let moved = (population.stability ?? []).enumerated().sorted { $0.element > $1.element }
        return DriftReport(
            view: view, group: group,
            features: moved.prefix(Self.mostFeatures).map {
                FeatureShift(name: FeatureSchema.features[$0.offset].name, index: $0.element)
            },
            scoreShift: shift.excess, since: shift.excess >= 1 ? shift.since : nil)
    }
}
