package import API
package import Policy
package import Traffic

/// Something the agent tells whoever started it.
package enum Notice: Sendable {
    /// Attached and deciding; how, in a sentence for each interface.
    case started([String])
    /// An interface came, or came back, and is guarded.
    case interface(String)
    /// 0...1 of the learning span is over, of the policy group with a model of its own (`nil`: the shared one's); told at
    /// every tenth.
    case learning(Double, group: String?)
    /// The model of this site, or of a policy group, has been trained and is in use now.
    case learned(model: String, seconds: Double)
    /// A later model judges beside the one in use, or has done so.
    case trial(model: String, TrialStep)
    case event(Event)
    /// Another configuration is in use; what changed in it, empty if nothing did.
    case reloaded(String)
    /// Others had changed the kernel's rules; what was put right.
    case mended(String)
    /// Something went wrong that the agent goes on without.
    case warning(String)
    /// Detached, or left attached on purpose.
    case stopped(isAttached: Bool)
}

/// What happens to a model on probation.
package enum TrialStep: Hashable, Sendable {
    case began
    /// It is in use now.
    case passed
    /// The one before stays in use; why.
    case failed(String)

    /// As a sentence about the model.
    package var sentence: String {
        switch self {
        case .began: "judges beside the model in use, for its trial"
        case .passed: "passed its trial and is in use now"
        case .failed(let reason): "failed its trial and is not used: \(reason)"
        }
    }
}

/// A notice with its time.
package struct TimedNotice: Sendable {
    package let time: Timestamp
    package let notice: Notice
    /// The same as the API has it.
    package let report: EventReport

    /// `who` is `agent`, or the user who asked for it.
    package init(_ notice: Notice, by who: String, at time: Timestamp) {
        self.time = time
        self.notice = notice
        report = EventReport(notice, by: who, at: time)
    }
}
