import Terminal
import Traffic

/// How far a replay is.
final class ReplayProgress {
    private let line = ProgressLine()
    private var first: Timestamp?

    func show(_ time: Timestamp) {
        let start = first ?? time
        first = start
        let replayed = (time - start).seconds
        line.show(
            "replayed \(replayed.duration) of capture, at \((replayed / line.elapsed.seconds).short) times its speed"
        )
    }

    func clear() { line.clear() }
}
