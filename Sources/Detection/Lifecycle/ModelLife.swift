import Features
import Traffic

/// The life of one model: what is in use, what is collected for the next one, and what is on probation.
///
/// There is one for the whole network, and one for each policy group that has a model of its own.
package struct ModelLife: Sendable {
    /// A group's model is trained on a third of the rows that the shared one is, which bounds what all groups hold.
    private static let share = 3

    /// Whose model it is; `nil`: everybody's who has none of his own.
    package let group: String?
    /// The model in use; `nil` before there is one.
    package private(set) var site: SiteModel?
    /// Collects windows for the first model, and then for the next one.
    var learning: Learning?
    /// The next model, on probation.
    package internal(set) var trial: Trial?
    /// Rows a view that a model is trained on.
    package let maximumRows: Int
    private let durations: (first: Duration, next: Duration)

    /// A life that begins with a model from earlier, or with learning.
    init(_ group: String?, site: SiteModel? = nil, configuration: DetectionConfiguration) {
        self.group = group
        self.site = site
        maximumRows = configuration.maximumRows / (group == nil ? 1 : Self.share)
        durations = (configuration.learnDuration, configuration.retrainInterval)
        learnAnew()
    }

    package var phase: DetectionPhase {
        guard let learning, site == nil else { return .watching }
        return learning.isComplete ? .readyToTrain : .learning(learning.fraction)
    }

    /// Whether enough is collected for the next model.
    package var isReadyToRetrain: Bool { site != nil && trial == nil && learning?.isComplete == true }

    mutating func adopt(_ model: SiteModel) {
        site = model
        trial = nil
        learnAnew()
    }

    mutating func learnAnew() {
        let duration = site == nil ? durations.first : durations.next
        learning = duration > .zero ? Learning(duration: duration, maximumRows: maximumRows) : nil
    }
}

extension [ModelLife] {
    /// Learns from a window, or nothing of its entity if there is something to say of it.
    ///
    /// `learner` and `judge` are the indices of the group's own model and of the one that judges it. As long as that is the
    /// shared one, it has to know these windows too.
    mutating func take(
        _ window: Window, _ features: ArraySlice<Float>, table: Double, isSuspect: Bool, into learner: Int,
        judgedBy judge: Int, now: Timestamp
    ) {
        for life in indices {
            if life == learner || life == judge {
                self[life].learning?.take(window, features, table: table, isSuspect: isSuspect, now: now)
            } else if isSuspect {
                self[life].learning?.bar(window, now: now)
            }
        }
    }
}

extension TrafficGroup {
    /// How many groups may have a model of their own: each holds up to 5.4 MB of windows to learn from.
    package static let mostOwnModels = 8
}
