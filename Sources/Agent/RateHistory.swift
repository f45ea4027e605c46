import Traffic

/// Packets, bytes and drops a second, and coverage, for the last minute.
struct RateHistory {
    struct Second: Sendable {
        var packets: Double = 0
        var bytes: Double = 0
        var dropped: Double = 0
        /// The lowest of a reading.
        var coverage: Double = 1
    }

    private static let length = 60

    /// Whole seconds, oldest first.
    private(set) var seconds: [Second] = []
    private var current = Second()
    private var currentSecond: Int64?

    var latest: Second { seconds.last ?? Second() }

    /// The lowest coverage of a reading in the last minute; 1 where there was none.
    var lowestCoverage: Double { seconds.reduce(current.coverage) { min($0, $1.coverage) } }

    mutating func add(_ totals: Totals, at now: Timestamp) {
        let second = now.nanoseconds / 1_000_000_000
        if let started = currentSecond, second != started {
            seconds.append(current)
            // Seconds without a reading had no traffic; a clock that was set back has skipped none.
            let idle = min(max(Int(clamping: second - started - 1), 0), Self.length)
            seconds += Array(repeating: Second(), count: idle)
            seconds.removeFirst(max(0, seconds.count - Self.length))
            current = Second()
        }
        currentSecond = second
        current.packets += Double(totals.frames)
        current.bytes += Double(totals.bytes)
        current.dropped += Double(totals.dropped.packets + totals.answered.packets)
        current.coverage = min(current.coverage, totals.coverage)
    }
}
