import Detection
import Engine
import Signing
import Store
import Traffic

/// What an agent knows of one model beside what the detector does.
struct Learner {
    /// When the model in use was trained; `nil` while there is none.
    var trained: Timestamp?
    /// When what is being collected for the next model began, and was last written down.
    var recordingStarted: Timestamp?
    var recordingSaved: Timestamp
    /// A model that was imported, or on trial when an agent stopped: it goes on trial once the canaries were tried on it.
    var untried: SiteModel?
    /// Tenths of learning that were told of.
    var toldProgress = 0

    /// Recorded windows go to disk this often, so that a restart loses no more.
    private static let recordingInterval: Duration = .seconds(3600)

    /// Whether what is being collected is to be written down; notes the beginning of a recording that has none.
    mutating func isRecordingDue(at now: Timestamp) -> Bool {
        // Those lie ahead after the clock was set back, and would keep anything from being recorded until then.
        guard let recordingStarted, recordingStarted <= now, recordingSaved <= now else {
            (recordingStarted, recordingSaved) = (now, now)
            return false
        }
        return now - recordingSaved >= Self.recordingInterval && recordingStarted < now
    }

    /// What complaints about a group's learning stand under.
    static func subject(of group: String?) -> String { "learning" + (group.map { " of \($0)" } ?? "") }
}

extension Agent {
    /// Has what was learned earlier judge a group (`nil`: all without a model of their own); what was on trial is to be tried
    /// anew.
    ///
    /// - Returns: what is known of it, and what is to be said of a model that this version cannot use.
    static func learner(
        for group: String?, in detector: Detector, from store: Store, trusting trusted: Set<String>,
        at now: Timestamp
    ) throws -> (learner: Learner, complaint: String?) {
        var learner = Learner(recordingSaved: now)
        var complaint: String?
        if let champion = try store.model(.champion, of: group) {
            do {
                detector.adopt(try SiteModel(signed: champion.data, trusting: trusted), in: group)
                learner.trained = champion.trained
            } catch {
                complaint = "the learned model \(champion.id) cannot be used and is learned anew: \(error)"
            }
        }
        if let challenger = try store.model(.challenger, of: group) {
            do {
                learner.untried = try SiteModel(signed: challenger.data, trusting: trusted)
            } catch {
                try store.assign(.rejected, to: challenger.id, note: "\(error)", at: now)
            }
        }
        return (learner, complaint)
    }

    /// Takes up the models of policy groups that came, and lets those of groups that went rest in the store.
    func followGroups() {
        let groups = engine.detector.lives.map(\.group)
        for group in learners.keys where !groups.contains(group) {
            learners[group] = nil
            settle(Learner.subject(of: group))
        }
        for group in groups where learners[group] == nil {
            let now = clock.now
            learners[group] = Learner(recordingSaved: now)
            attempt("store") {
                let (learner, complaint) = try Self.learner(
                    for: group, in: engine.detector, from: store,
                    trusting: Self.trustedKeys(configuration, own: key), at: now)
                learners[group] = learner
                if let complaint { complain(Learner.subject(of: group), complaint) }
            }
        }
    }

    /// Tells each tenth of learning once.
    func tellProgress(_ fraction: Double, of group: String?) {
        let tenths = Int(fraction * 10)
        guard tenths > learners[group]?.toldProgress ?? 0 else { return }
        learners[group]?.toldProgress = tenths
        tell(.learning(fraction, group: group))
    }
}
