import RealModule
import Traffic

/// An entity's mean score over about a minute of its traffic.
struct Lasting {
    /// Seconds of memory; a mean over less than half of that is taken as one over half.
    private static let span = 60.0

    private var sum = 0.0
    private var length = 0.0
    private var updated: Timestamp?

    /// Adds a window's score, which stands for the time since the last one, but at most a second.
    ///
    /// - Returns: the mean.
    mutating func add(_ score: Double, at time: Timestamp) -> Double {
        let passed = max(0, updated.map { (time - $0).seconds } ?? 0.2)
        updated = time
        let decay = Double.exp(-passed / Self.span)
        sum = sum * decay + score * min(passed, 1)
        length = length * decay + min(passed, 1)
        return sum / max(length, Self.span / 2)
    }
}
