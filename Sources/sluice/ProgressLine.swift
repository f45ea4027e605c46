import Foundation
import Glibc
import Terminal

/// One line on standard error, if that is a terminal, for what takes longer than two seconds.
final class ProgressLine {
    private let isShown = isatty(STDERR_FILENO) == 1
    private let started = ContinuousClock.now
    private var last = ContinuousClock.now
    private var hasShown = false

    /// Since this was made.
    var elapsed: Duration { ContinuousClock.now - started }

    /// Replaces the line, some times a second at most.
    func show(_ text: @autoclosure () -> String) {
        let now = ContinuousClock.now
        guard isShown, elapsed > .seconds(2), now - last > .milliseconds(250) else { return }
        last = now
        begin(text())
    }

    /// Replaces the line at once: what takes some seconds without telling how far it is begins now.
    func begin(_ text: String) {
        guard isShown else { return }
        hasShown = true
        // What goes on in the next line could not be replaced.
        write("\r\u{1B}[K" + text.cut(to: (Screen.width(ofTerminal: STDERR_FILENO) ?? 80) - 1))
    }

    deinit { clear() }

    func clear() {
        if hasShown { write("\r\u{1B}[K") }
        hasShown = false
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
