import Terminal
import Traffic

/// How far a replay of captures, one after the other, is.
final class ReplayProgress {
    /// From one moment of a capture to the next there are no longer steps than this, but for where nothing was captured.
    private static let longestStep: Duration = .seconds(3600)

    private let line = ProgressLine()
    private let captures: Int
    private var number = 1
    private var last: Timestamp?
    private var replayed: Duration = .zero

    init(of captures: Int = 1) { self.captures = captures }

    func show(_ time: Timestamp) {
        // Another capture, or the same one once more, has a time of its own.
        if let last, (.zero...Self.longestStep).contains(time - last) { replayed += time - last }
        last = time
        let which = captures > 1 ? "\(number) of \(captures): " : ""
        let speed = (replayed.seconds / line.elapsed.seconds).short
        line.show("\(which)\(replayed.seconds.duration) replayed, \(speed) x speed")
    }

    /// The next capture begins.
    func next() { number += 1 }

    func clear() { line.clear() }
}
