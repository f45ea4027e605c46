import Features
import Traffic

/// A newly trained model on probation: it judges the same windows as the model in use, and nothing comes of it.
///
/// Champion and challenger, as in credit scoring: what decides is the rate of alarms on this network's own traffic, not a
/// figure from training.
package struct Trial: Sendable {
    /// What came of a trial.
    package enum Outcome: Hashable, Sendable {
        /// Goes on; the part that is over.
        case running(Double)
        case passed
        /// Why the model is not used.
        case failed(String)
    }

    /// The model on probation.
    package let model: SiteModel
    /// Whose model it would be; `nil`: the shared one.
    private let group: String?
    private let length: Duration
    private(set) var source: ViewDetector
    private var destination: ViewDetector
    /// Span of traffic that both models have judged.
    package private(set) var passed: Duration = .zero
    /// Alarms without countable evidence, of the challenger and of the champion: one an entity and hour.
    package internal(set) var alarms = 0
    package internal(set) var championAlarms = 0

    /// A trial of `model`, which begins with what the champion's `views` remember of each entity.
    init(
        _ model: SiteModel, in group: String?, configuration: DetectionConfiguration,
        views: (source: ViewDetector, destination: ViewDetector)
    ) {
        self.model = model
        self.group = group
        length = configuration.trialDuration
        (source, destination) = views
        adopt(model, in: group)
    }

    /// Judges a group (`nil`: all without a model of their own) by another model from now on, as the champion does.
    mutating func adopt(_ model: SiteModel, in group: String?) {
        source.adopt(model, in: group)
        destination.adopt(model, in: group)
    }

    mutating func regroup(_ accepted: AcceptedAlarms, _ grouping: Grouping) {
        source.regroup(accepted, grouping)
        destination.regroup(accepted, grouping)
    }

    /// Lets the challenger judge what the champion has judged; `championAlarms` is what that one has raised by it.
    mutating func observe(
        _ batches: (source: WindowBatch, destination: WindowBatch), seesBothWays: Bool, of reading: Reading,
        championAlarms: Int
    ) {
        // Whatever it says goes no further.
        var ignored = Observation(time: reading.end, windows: [], verdicts: [])
        var nothing: [ModelLife] = []
        let before = raised
        source.observe(
            source.part(of: batches.source, judgedFor: group), seesBothWays: seesBothWays, at: reading.end,
            lives: &nothing, into: &ignored)
        destination.observe(
            destination.part(of: batches.destination, judgedFor: group), seesBothWays: seesBothWays,
            at: reading.end, lives: &nothing, into: &ignored)
        alarms += raised - before
        self.championAlarms += championAlarms
        passed += max(.zero, min(reading.end - reading.start, .seconds(1)))
    }

    /// Alarms so far; nobody else's windows are judged here.
    private var raised: Int { (source.alarms + destination.alarms).reduce(0, +) }

    /// Whether the challenger may take over.
    ///
    /// It may when it raises no more alarms than the operator accepts, or than the champion did in the same time. An alarm
    /// more than a rate allows in a short trial is chance, so one is always allowed.
    package var outcome: Outcome {
        guard passed >= length else { return .running(length > .zero ? passed / length : 0) }
        let accepted = max(1, source.accepted(by: group) * (passed / .seconds(86_400)))
        guard Double(alarms) <= max(accepted, Double(championAlarms)) else {
            return .failed(
                "\(alarms) alarms without evidence in its trial; the model in use raised \(championAlarms)")
        }
        return .passed
    }
}
