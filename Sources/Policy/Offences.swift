import Traffic

/// Who was banned before, and how often in a row: the length of the next ban.
///
/// Good behaviour takes offences off one by one, evenly, until after the length of the longest ban none is left.
struct Offences: Hashable, Sendable {
    private struct Past: Hashable, Sendable {
        var count: Int
        var end: Timestamp
        var memory: Duration

        /// How many of them still count.
        func left(at now: Timestamp) -> Int {
            guard memory > .zero else { return 0 }
            let part = max(0, 1 - (now - end) / memory)
            // An instant after the end, all of them do.
            return min(count, Int((Double(count) * part).rounded(.up)))
        }
    }

    private var past: [Prefix: Past] = [:]

    /// Number of the source's next ban, from 1.
    func next(for prefix: Prefix, at now: Timestamp) -> Int {
        (past[prefix]?.left(at: now) ?? 0) + 1
    }

    /// Remembers a ban that ended at `end`.
    mutating func remember(_ prefix: Prefix, offence: Int, end: Timestamp, for memory: Duration) {
        guard offence > 0 else { return }
        past[prefix] = Past(count: offence, end: end, memory: memory)
    }

    /// Moves what is remembered along with a clock that was set.
    mutating func move(by step: Duration) {
        for prefix in past.keys { past[prefix]?.end += step }
    }

    mutating func forget(_ prefix: Prefix) { past[prefix] = nil }

    /// Drops what is forgotten by now.
    mutating func prune(at now: Timestamp) {
        past = past.filter { $0.value.left(at: now) > 0 }
    }

    /// `first`, doubled for each offence after the first, up to `most`; of that, `jitter` (0...1) takes off up to a tenth.
    static func duration(offence: Int, first: Duration, most: Duration, jitter: Double) -> Duration {
        var duration = min(first, most)
        for _ in 1..<max(offence, 1) where duration < most { duration = min(duration * 2, most) }
        return .seconds(duration.seconds * (1 - 0.1 * jitter))
    }

    /// 0...1, the same for the same ban and different from the next source's: those who are banned together must not come
    /// back together.
    static func jitter(of prefix: Prefix, offence: Int) -> Double {
        // Fowler, Noll and Vo's hash, 64 bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for word in [prefix.address.high, prefix.address.low, UInt64(prefix.length), UInt64(offence)] {
            for shift in stride(from: 0, to: 64, by: 8) {
                hash = (hash ^ (word >> UInt64(shift) & 0xFF)) &* 0x100_0000_01B3
            }
        }
        return Double(hash >> 11) * 0x1p-53
    }
}
