import API
import Detection
import Features
import Policy
import Traffic

extension EventReport {
    /// What the agent tells, as the API has it.
    init(_ notice: Notice, by who: String, at time: Timestamp) {
        self.init(time: time, kind: .warning, who: who, text: "")
        switch notice {
        case .started(let interfaces):
            (kind, text) = (.start, "watching \(interfaces.joined(separator: ", "))")
        case .interface(let words): (kind, text) = (.interface, words)
        case .learning(let fraction, let group):
            (kind, text) = (.learn, "\(Int(fraction * 100)) %" + (group.map { " for \($0)" } ?? ""))
        case .learned(let model, let seconds):
            (kind, text) = (
                .learn, "what is usual here: model \(model), trained in \(Int(seconds.rounded(.up))) s"
            )
        case .trial(let name, let step): (kind, text) = (.model, "\(name) \(step.sentence)")
        case .reloaded(let words): (kind, text) = (.reload, words.isEmpty ? "nothing has changed" : words)
        case .mended(let words): (kind, text) = (.mend, words)
        case .warning(let words): text = words
        case .stopped(let isAttached):
            kind = .stop
            text =
                isAttached
                ? "program and rules stay in the kernel: sluice run takes them over"
                : "nothing is left on the interfaces"
        case .event(let event): take(event)
        }
    }

    private mutating func take(_ event: Event) {
        switch event {
        case .alert(let alert):
            let entity = alert.verdict.entity
            (kind, prefix, reason, alertID) = (.alert, entity.prefix, alert.verdict.reason, alert.id)
            let note = alert.note.map { " (\($0))" } ?? ""
            text = "\(entity.view.rawValue) \(entity.prefix): \(alert.verdict.summary)\(note)"
        case .imposed(let sanction): take(sanction, Kind(sanction.rule.kind))
        case .updated(let sanction): take(sanction, .update)
        case .ended(let sanction, let ending):
            take(sanction, .end)
            let subject = BanReport(sanction).spokenSubject
            text =
                "\(sanction.rule.kind.word) on \(subject): \(ending.rawValue), "
                + "dropped \(sanction.dropped.packets) packets"
        case .allowed(let entry):
            (kind, prefix) = (.allow, entry.prefix)
            text = "\(entry.prefix)" + (entry.reason.map { ": \($0)" } ?? "")
        case .disallowed(let entry): (kind, prefix, text) = (.disallow, entry.prefix, "\(entry.prefix)")
        case .protected(let entry):
            (kind, prefix, text) = (.protect, entry.prefix, "\(entry.prefix): \(entry.reason)")
        case .unprotected(let entry): (kind, prefix, text) = (.unprotect, entry.prefix, "\(entry.prefix)")
        case .modeSet(let mode, let group, _):
            (kind, text) = (.mode, mode.rawValue + (group.map { " for \($0)" } ?? ""))
        case .tripped(let trip):
            kind = .trip
            text =
                "\(trip.reason): automatic rules on well-known sources only count now. `sluice bans` shows "
                + "them; it goes on by itself when this has ended, or with `sluice mode enforce`."
        case .closed(let trip):
            (kind, text) = (.resume, "it is over: \(trip.reason); automatic rules follow their modes again")
        case .summed(let sum):
            (reason, text, count) = (sum.reason, sum.sentence, sum.count)
            kind =
                switch sum.kind {
                case .alert: .alert
                case .ban: .ban
                case .limit: .limit
                case .update: .update
                case .end: .end
                }
        case .clockSet(let step): (kind, text) = (.clock, Event.clockSentence(of: step))
        case .pending(let change):
            kind = .await
            let end = change.deadline.rfc3339.dropFirst(11).prefix(8)
            text = "\(change.summary), undone at \(end) unless confirmed: sluice confirm \(change.id)"
        case .confirmed(let change): (kind, text) = (.confirm, "\(change.summary) (change \(change.id))")
        case .undone(let change):
            (kind, text) = (.undo, "\(change.summary) (change \(change.id)): not confirmed in time")
        case .superseded(let change):
            let left = change.steps.isEmpty ? "nothing" : change.summary
            (kind, text) = (.supersede, "change \(change.id) was decided anew; left to confirm: \(left)")
        }
    }

    private mutating func take(_ sanction: Sanction, _ kind: Kind) {
        (self.kind, prefix, reason) = (kind, sanction.prefix, sanction.reason)
        (ruleID, alertID) = (sanction.rule.id, sanction.alertID)
        let end = sanction.rule.expires.map { " until \($0.rfc3339.dropFirst(11).prefix(8))" } ?? ""
        let shadow = sanction.rule.isShadowed ? " (shadow: counts only)" : ""
        text = "\(BanReport(sanction).spokenSubject)\(end)\(shadow): \(sanction.reason)"
    }
}

extension EventReport.Kind {
    /// That a rule of this kind was made.
    fileprivate init(_ kind: Rule.Kind) {
        switch kind {
        case .limit: self = .limit
        case .prove: self = .prove
        case .allow: self = .allow
        case .deny: self = .ban
        }
    }
}
