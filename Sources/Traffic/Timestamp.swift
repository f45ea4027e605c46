/// A point in time: nanoseconds since 1970-01-01 UTC.
///
/// Live traffic takes it from the wall clock, replay from the capture. Arithmetic ends at what 64 bits hold, the years
/// 1677 and 2262: captures and people name any time.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// From seconds since the epoch, rounded to the nanosecond that a `Double` can tell.
    package init(seconds: Double) { nanoseconds = Int64((seconds * 1e9).rounded()) }

    /// Seconds since the epoch.
    package var seconds: Double { Double(nanoseconds) / 1e9 }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(nanoseconds: left.nanoseconds.adding(right.nanoseconds))
    }

    package static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(nanoseconds: left.nanoseconds.subtracting(right.nanoseconds))
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .nanoseconds(left.nanoseconds.subtracting(right.nanoseconds))
    }
}

extension Duration {
    /// Whole nanoseconds, cut at what fits in 64 bits (292 years).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        return product.adding(attoseconds / 1_000_000_000)
    }

    /// Seconds, with fraction.
    package var seconds: Double { Double(nanoseconds) / 1e9 }
}

extension Int64 {
    /// The sum, or the end of the range that it lies beyond.
    fileprivate func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the end of the range that it lies beyond.
    fileprivate func subtracting(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
