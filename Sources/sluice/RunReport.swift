import API
import Agent
import Configuration
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
    private let output: PatientOutput

    init(format: StreamOptions.Format, screen: Screen, level: Configuration.Log.Level) {
        self.format = format
        self.screen = screen
        self.level = level
        output = PatientOutput { dropped in
            let text = "\(counted(dropped, "line")) not printed, for standard output was not read"
            return switch format {
            case .jsonl: EventLine.note("warning", text, at: .now) + "\n"
            case .table:
                TimedNotice(.warning(text), by: "agent", at: .now).report.line(on: screen) + "\n"
            }
        }
    }

    /// Waits a moment for what is not written yet.
    func finish() { output.finish() }

    /// At once, which of thousands is much faster than one by one.
    func print(_ notices: [TimedNotice]) {
        let lines = notices.filter { $0.notice.level.severity >= level.severity }.compactMap { timed in
            switch format {
            case .jsonl: json(timed)
            case .table: timed.report.line(on: screen)
            }
        }
        let text = lines.map { "\($0)\n" }.joined()
        guard !text.isEmpty else { return }
        output.write(text, lines: lines.count)
    }

    private func json(_ timed: TimedNotice) -> String? {
        switch timed.notice {
        case .event(let event): EventLine.line(event, at: timed.time)
        case .started(let interfaces):
            EventLine.note("started", interfaces.joined(separator: ", "), at: timed.time)
        case .interface(let text): EventLine.note("interface", text, at: timed.time)
        case .learning(let fraction, let group):
            EventLine.note(
                "learning", fraction.percent + (group.map { " for \($0)" } ?? ""), at: timed.time)
        case .learned(let model, _): EventLine.note("learned", model, at: timed.time)
        case .trial(let model, let step): EventLine.note("trial", "\(model) \(step.sentence)", at: timed.time)
        case .reloaded(let words): EventLine.note("reloaded", words, at: timed.time)
        case .mended(let text): EventLine.note("mend", text, at: timed.time)
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
        case .warning, .mended: .warning
        }
    }
}

extension Configuration.Log.Level {
    fileprivate var severity: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
