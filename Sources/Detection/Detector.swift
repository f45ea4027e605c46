package import Features
import Models
package import Traffic

/// What a detector is doing.
package enum DetectionPhase: Hashable, Sendable {
    /// Collecting windows for the site model; the part of `learnDuration` that has passed.
    case learning(Double)
    /// Enough is collected: `trainingSet()` can be trained on. Detection goes on by the shipped model.
    case readyToTrain
    /// Detecting, with a site model or, if nothing shall be learned, without.
    case watching
}

/// One scored window.
package struct ScoredWindow: Hashable, Sendable {
    package var entity: Entity
    package var score: Double
    /// Beyond which score the window would be worth a verdict now.
    package var threshold: Double
    /// The shipped table's surprise, and the site model's: -log10 of the probability in benign traffic.
    package var table: Double
    package var site: Double?
    /// In the last second.
    package var packets: UInt64
    package var bytes: UInt64
    /// Whether a connection was established with it.
    package var isTwoWay: Bool

    package init(
        entity: Entity, score: Double, threshold: Double, table: Double, site: Double?, packets: UInt64,
        bytes: UInt64, isTwoWay: Bool
    ) {
        self.entity = entity
        self.score = score
        self.threshold = threshold
        self.table = table
        self.site = site
        self.packets = packets
        self.bytes = bytes
        self.isTwoWay = isTwoWay
    }
}

/// What came of one reading.
package struct Observation: Sendable {
    /// End of the reading.
    package var time: Timestamp
    package var windows: [ScoredWindow]
    /// New verdicts; one on an entity is repeated only after a while, or when its tier rises.
    package var verdicts: [Verdict]
    /// Views whose traffic has drifted from what was learned for an hour; told once.
    package var drifted: [DriftReport] = []
}

/// From readings to verdicts: windows, two opinions on each, thresholds, and what can be said for sure.
///
/// Deterministic: the same readings and models give the same verdicts. Not safe for use by several threads at once.
package final class Detector {
    private let configuration: DetectionConfiguration
    package let shipped: ShippedModel
    private var builder: WindowBuilder
    private var source: ViewDetector
    private var destination: ViewDetector
    /// The shared model first, then those of policy groups that have their own.
    package private(set) var lives: [ModelLife]

    /// A detector that has seen nothing; without a site model from earlier, it begins to learn one.
    package init(
        configuration: DetectionConfiguration, shippedModel: ShippedModel, siteModel: SiteModel? = nil
    ) {
        self.configuration = configuration
        shipped = shippedModel
        builder = WindowBuilder(configuration: configuration.windows)
        source = ViewDetector(.source, configuration: configuration, shipped: shippedModel, site: siteModel)
        destination = ViewDetector(
            .destination, configuration: configuration, shipped: shippedModel, site: siteModel)
        lives = [ModelLife(nil, site: siteModel, configuration: configuration)]
        begin(configuration.grouping)
    }

    /// Has a life for each group that shall have a model of its own, and goes on with those that there are.
    private func begin(_ grouping: Grouping) {
        lives = grouping.modelGroups.map { group in
            lives.first { $0.group == group } ?? ModelLife(group, configuration: configuration)
        }
    }

    /// Takes in one reading.
    package func observe(_ reading: Reading) -> Observation {
        let batches = builder.observe(reading)
        var observation = Observation(time: reading.end, windows: [], verdicts: [])
        observation.windows.reserveCapacity(batches.source.windows.count + batches.destination.windows.count)
        let both = builder.seesBothWays
        let alarms = zip(source.alarms, destination.alarms).map(+)
        source.observe(
            batches.source, seesBothWays: both, at: reading.end, lives: &lives, into: &observation)
        destination.observe(
            batches.destination, seesBothWays: both, at: reading.end, lives: &lives, into: &observation)
        for life in lives.indices {
            lives[life].learning?.pass(reading)
            lives[life].trial?.observe(
                batches, seesBothWays: both, of: reading,
                championAlarms: source.alarms[life] + destination.alarms[life] - alarms[life])
        }
        return observation
    }

    /// What is done about the shared model.
    package var phase: DetectionPhase { lives[0].phase }

    /// The life of a policy group's own model (`nil`: of the shared one); `nil` if the group has none.
    package func life(of group: String?) -> ModelLife? { index(of: group).map { lives[$0] } }

    private func index(of group: String?) -> Int? { lives.firstIndex { $0.group == group } }

    /// What was collected so far; `nil` when nothing is being learned.
    package func trainingSet(of group: String? = nil) -> TrainingSet? {
        life(of: group)?.learning?.trainingSet(of: group, shipped: shipped)
    }

    /// Uses a site model from now on, and begins to collect for the next one.
    package func adopt(_ model: SiteModel, in group: String? = nil) {
        guard let index = index(of: group) else { return }
        lives[index].adopt(model)
        source.adopt(model, in: group)
        destination.adopt(model, in: group)
        for life in lives.indices { lives[life].trial?.adopt(model, in: group) }
    }

    /// Puts a model on probation beside the one in use.
    package func challenge(with model: SiteModel, in group: String? = nil) {
        guard let index = index(of: group) else { return }
        lives[index].trial = Trial(
            model, in: group, configuration: configuration, views: (source, destination))
    }

    /// Gives up the model on probation.
    package func endTrial(in group: String? = nil) { index(of: group).map { lives[$0].trial = nil } }

    /// Collects windows for a new site model, while the present one goes on.
    package func learnAnew(in group: String? = nil) { index(of: group).map { lives[$0].learnAnew() } }

    /// What the latest window says of an entity; `nil` if it was not seen in it.
    package func report(on entity: Entity) -> EntityReport? {
        entity.view == .source ? source.report(on: entity) : destination.report(on: entity)
    }

    /// Takes an operator's word on a verdict.
    ///
    /// A false alarm counts against the budget, and what the entity did becomes its usual; one that was right is taken
    /// off the count.
    package func learn(from verdict: Verdict, wasRight: Bool, at time: Timestamp) {
        let slot = builder.slot(of: verdict.entity)
        switch verdict.entity.view {
        case .source: source.learn(from: verdict, wasRight: wasRight, slot: slot, at: time)
        case .destination: destination.learn(from: verdict, wasRight: wasRight, slot: slot, at: time)
        }
    }

    /// Names of the models in use, as verdicts carry them.
    package var modelName: String { source.modelName }

    package var tracked: TrackedCounts { builder.tracked }

    /// Those that had to leave for others so far.
    package var evicted: TrackedCounts { builder.evicted }

    /// How far each view's traffic has moved from what was learned; empty before there is a model of this site.
    package var drift: [DriftReport] { source.drift + destination.drift }

    /// Alarms by score without countable evidence, which a model has to answer for, by policy group (`nil`: in none, the
    /// first): how many are accepted a day in each view, and how many came in the view that has more (`nil` in the first hour).
    package var alarmRates: [(group: String?, accepted: Double, realised: Double?)] {
        zip(source.alarmRates, destination.alarmRates).map { source, destination in
            let rates = [source.realised, destination.realised].compactMap(\.perDay)
            return (source.group, source.accepted, rates.max())
        }
    }

    /// Judges by other groups, or other numbers of accepted false alarms, from now on.
    ///
    /// A group is known by its name. What was learned of one that is gone, or has no model of its own any more, is forgotten.
    package func regroup(_ accepted: AcceptedAlarms, _ grouping: Grouping) {
        source.regroup(accepted, grouping)
        destination.regroup(accepted, grouping)
        begin(grouping)
        for life in lives.indices { lives[life].trial?.regroup(accepted, grouping) }
    }

    /// Whether answers to flows are seen; without, nothing is held to be unanswered.
    package var seesBothWays: Bool { builder.seesBothWays }
}
