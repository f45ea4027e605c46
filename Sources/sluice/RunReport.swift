import Agent
import Configuration
import Control
import Detection
import Features
import Foundation
import Policy
import Terminal
import Traffic

/// What the agent tells while it runs, line by line on standard output.
struct RunReport: Sendable {
    let format: StreamOptions.Format
    let screen: Screen
    /// Least severe that is printed.
    let level: Configuration.Log.Level

    func print(_ timed: TimedNotice) {
        guard timed.notice.level.severity >= level.severity else { return }
        switch format {
        case .jsonl:
            if let line = json(timed) { write(line) }
        case .table:
            let clock = timed.time.rfc3339.dropFirst(11).prefix(12)
            for line in text(timed.notice) { write("\(screen.styled(String(clock), .faint))  \(line)") }
        }
    }

    private func write(_ line: String) {
        // A reader that went away (a closed pipe) must not stop the agent.
        try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
    }

    private func text(_ notice: Notice) -> [String] {
        switch notice {
        case .started(let interfaces):
            ["\(screen.styled("watching", .bold)) \(interfaces.joined(separator: ", "))"]
        case .interface(let text): [text]
        case .learning(let fraction):
            ["\(screen.styled("learning", .bold)) \(fraction.percent)"]
        case .learned(let model, let seconds):
            [
                "\(screen.styled("learned", .good)) what is usual here: model \(model), trained in \(seconds.duration)"
            ]
        case .trial(let model, let step):
            ["\(screen.styled("model", .bold)) \(model) \(step.sentence)"]
        case .reloaded(let words):
            ["\(screen.styled("reloaded", .good)) \(words.isEmpty ? "nothing has changed" : words)"]
        case .warning(let text):
            ["\(screen.styled("warning", .warning)) \(text)"]
        case .stopped(let isAttached):
            [
                isAttached
                    ? "stopped; program and rules stay in the kernel: sluice run takes them over"
                    : "stopped; nothing is left on the interfaces"
            ]
        case .event(let event): text(event)
        }
    }

    private func text(_ event: Event) -> [String] {
        switch event {
        case .alert(let alert):
            let verdict = alert.verdict
            let head =
                "\(screen.styled("ALERT", .warning)) \(verdict.entity.view.rawValue) \(verdict.entity.prefix): "
            return [head + verdict.summary + (alert.note.map { " (\($0))" } ?? "")]
        case .imposed(let sanction), .updated(let sanction):
            let verb = sanction.isLimit ? "LIMIT" : "BAN"
            let shadow = sanction.rule.isShadowed ? " (shadow: counts only)" : ""
            let end = sanction.rule.expires.map { " until \($0.rfc3339.dropFirst(11).prefix(8))" } ?? ""
            let subject = BanReport(sanction).spokenSubject
            return ["\(screen.styled(verb, .bad)) \(subject)\(end)\(shadow): \(sanction.reason)"]
        case .ended(let sanction, let ending):
            let verb = sanction.isLimit ? "UNLIMIT" : "UNBAN"
            let dropped = counted(sanction.dropped.packets, "packet")
            return [
                "\(screen.styled(verb, .good)) \(BanReport(sanction).spokenSubject): \(ending.rawValue), "
                    + "dropped \(dropped)"
            ]
        case .allowed(let entry): return ["\(screen.styled("ALLOW", .good)) \(entry.prefix)"]
        case .disallowed(let entry): return ["DISALLOW \(entry.prefix)"]
        case .modeSet(let mode, let group, _):
            return ["\(screen.styled("MODE", .warning)) \(mode.rawValue)\(group.map { " for \($0)" } ?? "")"]
        case .tripped(let trip):
            return [
                "\(screen.styled("CIRCUIT BREAKER", .bad)) \(trip.reason): automatic rules only count now. "
                    + "`sluice bans` shows them; `sluice mode enforce` goes on."
            ]
        }
    }

    private func json(_ timed: TimedNotice) -> String? {
        switch timed.notice {
        case .event(let event): EventLine.line(event, at: timed.time)
        case .started(let interfaces):
            EventLine.note("started", interfaces.joined(separator: ", "), at: timed.time)
        case .interface(let text): EventLine.note("interface", text, at: timed.time)
        case .learning(let fraction): EventLine.note("learning", fraction.percent, at: timed.time)
        case .learned(let model, _): EventLine.note("learned", model, at: timed.time)
        case .trial(let model, let step): EventLine.note("trial", "\(model) \(step.sentence)", at: timed.time)
        case .reloaded(let words): EventLine.note("reloaded", words, at: timed.time)
        case .warning(let text): EventLine.note("warning", text, at: timed.time)
        case .stopped(let isAttached):
            EventLine.note("stopped", isAttached ? "attached" : "detached", at: timed.time)
        }
    }
}

extension Notice {
    fileprivate var level: Configuration.Log.Level {
        switch self {
        case .learning: .info
        case .started, .reloaded, .interface, .learned, .trial, .event, .stopped: .notice
        case .warning: .warning
        }
    }
}

extension Configuration.Log.Level {
    fileprivate var severity: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
