import RealModule
import Traffic

/// How often something comes, with a memory of a day.
package struct AlarmRate: Hashable, Sendable {
    private static let memory = 86_400.0

    private var sum = 0.0
    private var length = 0.0
    private var updated: Timestamp?

    /// How many a day; `nil` before the first hour is over, since one in a minute says nothing about a day.
    package var perDay: Double? { length >= 3600 ? sum / length * Self.memory : nil }

    mutating func count(_ number: Int, at now: Timestamp) {
        let passed = updated.map { min(max((now - $0).seconds, 0), 1) } ?? 0
        updated = now
        let decay = Double.exp(-passed / Self.memory)
        sum = sum * decay + Double(number)
        length = length * decay + passed
    }
}
