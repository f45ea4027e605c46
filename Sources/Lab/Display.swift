package import Foundation
import Terminal
package import Traffic

/// Where the run is told: events stay, the status block below them is refreshed in place.
package actor Display {
    /// How it is told.
    package enum Style: Sendable {
        /// On a terminal.
        case live
        /// In a log: a status line now and then instead of the block.
        case plain
        /// One JSON object a line, events only.
        case json
    }

    /// How often `refresh` is worth calling.
    nonisolated let interval: Duration

    private let style: Style
    private let output: FileHandle
    private let screen = Terminal.Screen.standardOutput
    /// Lines of the block on the screen now.
    private var height = 0

    package init(_ style: Style, output: FileHandle = .standardOutput) {
        self.style = style
        self.output = output
        interval = if case .live = style { .milliseconds(500) } else { .seconds(10) }
    }

    /// Tells an event.
    package func show(_ event: Event) {
        guard case .json = style else {
            replaceBlock(with: [], after: EventText.lines(event, on: screen))
            return
        }
        write(json: event)
    }

    /// Shows how things stand.
    package func refresh(_ journal: Journal, at now: Timestamp) {
        switch style {
        case .live: replaceBlock(with: StatusBlock.lines(journal, at: now, on: screen))
        case .plain: replaceBlock(with: [], after: [StatusBlock.summary(journal, at: now)])
        case .json: break
        }
    }

    /// Tells how it ended; the block stays as it last was.
    package func show(_ outcome: Outcome) {
        height = 0
        guard case .json = style else {
            write(Summary.lines(outcome, on: screen))
            return
        }
        write(json: SummaryDocument(outcome))
    }

    private func replaceBlock(with block: [String], after lines: [String] = []) {
        let up = height > 0 ? "\u{1B}[\(height)A\u{1B}[J" : ""
        height = block.count
        write(lines + block, before: up)
    }

    private func write(_ lines: [String], before: String = "") {
        try? output.write(contentsOf: Data((before + lines.map { $0 + "\n" }.joined()).utf8))
    }

    private func write(json document: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(document) else { return }
        try? output.write(contentsOf: data + Data("\n".utf8))
    }
}

/// The last line of a run in JSON.
private struct SummaryDocument: Encodable {
    let event = "summary"
    let isSuccess: Bool
    let outcome: Outcome

    init(_ outcome: Outcome) {
        isSuccess = outcome.isSuccess
        self.outcome = outcome
    }

    private enum Key: String, CodingKey { case event, isSuccess }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(event, forKey: .event)
        try container.encode(isSuccess, forKey: .isSuccess)
        try outcome.encode(to: encoder)
    }
}
