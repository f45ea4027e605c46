import Foundation
import Glibc
import Terminal
import Traffic

/// How far a replay is, on standard error, if that is a terminal and it takes longer than two seconds.
final class ReplayProgress {
    private let isShown = isatty(STDERR_FILENO) == 1
    private let started = ContinuousClock.now
    private var last = ContinuousClock.now
    private var first: Timestamp?
    private var hasShown = false

    func show(_ time: Timestamp) {
        guard isShown else { return }
        let start = first ?? time
        first = start
        let now = ContinuousClock.now
        guard now - started > .seconds(2), now - last > .milliseconds(250) else { return }
        last = now
        hasShown = true
        let speed = (time - start).seconds / (now - started).seconds
        write(
            "\r\u{1B}[Kreplayed \((time - start).seconds.duration) of capture, at \(speed.short) times its speed"
        )
    }

    func clear() {
        if hasShown { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
