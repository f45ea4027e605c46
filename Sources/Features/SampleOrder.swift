import Traffic

/// The order in which a reading's samples are taken in, whatever order they came in: that of their conversations' hashes.
///
/// Order shows in what windows say: a full table lets go of one or of another, sums of floating-point numbers differ in their last
/// bit. The kernel's table gives another order each time it is loaded, and replay's another still. That of hashes has the two
/// directions of a conversation side by side, and goes through the table of conversations from one end to the other.
struct SampleOrder: ~Copyable {
    /// A sample, by what decides when its turn is.
    struct Place {
        /// Of its conversation.
        var hash: UInt64 = 0
        /// Its number in the reading.
        var index: Int32 = 0
        /// Where its conversation was found to stand, to be checked when it is used; -1: nowhere.
        var slot: Int32 = -1
        /// Its direction in the conversation, and whether nobody answers it (`Orientation`).
        var direction: Int8 = 0
        var isNotice = false
    }

    /// Two passes, by so many bits of the hash each, leave few samples side by side that are not in order yet.
    private static let bits: UInt64 = 11
    private static let digits = 1 << 11
    /// So many are put in order one by one.
    private static let few = 32

    private var places = Slots(repeating: Place(), atLeast: 1)
    private var spare = Slots(repeating: Place(), atLeast: 1)
    /// By the hash's first bits and by those behind them: how many there are, then where the next one goes.
    private var first = Slots(repeating: Int32(0), atLeast: digits)
    private var second = Slots(repeating: Int32(0), atLeast: digits)

    /// The sample whose turn is after so many others.
    subscript(number: Int) -> Place {
        @inline(__always) _read { yield places[masked: number] }
    }

    /// Writes down where a sample's conversation was found.
    @inline(__always)
    mutating func note(_ slot: Int?, of number: Int) {
        places[masked: number].slot = Int32(truncatingIfNeeded: slot ?? -1)
    }

    /// Puts samples in order: by the hash of the conversation, direction and, where these are the same (notices of ICMP,
    /// say), key.
    ///
    /// A radix sort, and what little it leaves by comparing.
    mutating func arrange(_ samples: [FlowSample]) {
        reserve(samples.count)
        for digit in 0..<Self.digits { (first[masked: digit], second[masked: digit]) = (0, 0) }
        for index in samples.indices {
            let orientation = Orientation(samples[index].key)
            first[masked: Self.first(orientation.hash)] &+= 1
            second[masked: Self.second(orientation.hash)] &+= 1
            places[masked: index] = Place(
                hash: orientation.hash, index: Int32(truncatingIfNeeded: index),
                direction: Int8(truncatingIfNeeded: orientation.direction), isNotice: orientation.isNotice)
        }
        var (before, less) = (Int32(0), Int32(0))
        for digit in 0..<Self.digits {
            (first[masked: digit], before) = (before, before &+ first[masked: digit])
            (second[masked: digit], less) = (less, less &+ second[masked: digit])
        }
        for number in samples.indices {
            let place = places[masked: number]
            let digit = Self.second(place.hash)
            spare[masked: Int(second[masked: digit])] = place
            second[masked: digit] &+= 1
        }
        for number in samples.indices {
            let place = spare[masked: number]
            let digit = Self.first(place.hash)
            places[masked: Int(first[masked: digit])] = place
            first[masked: digit] &+= 1
        }
        compare(samples)
    }

    private static func first(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> (64 - bits)) }

    private static func second(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> (64 - 2 * bits)) & (digits - 1)
    }

    /// Puts those in order whose hashes begin alike.
    private mutating func compare(_ samples: [FlowSample]) {
        var begin = 0
        while begin < samples.count {
            let start = places[masked: begin].hash >> (64 - 2 * Self.bits)
            var end = begin + 1
            while end < samples.count, places[masked: end].hash >> (64 - 2 * Self.bits) == start { end += 1 }
            if end - begin <= Self.few {
                for number in begin + 1..<end { settle(number, from: begin, samples) }
            } else {
                let run = (begin..<end).map { places[masked: $0] }
                    .sorted { Self.precedes($0, $1, samples) }
                for (number, place) in run.enumerated() { places[masked: begin + number] = place }
            }
            begin = end
        }
    }

    /// Moves a place towards the first of its run until it stands in order.
    @inline(__always)
    private mutating func settle(_ number: Int, from first: Int, _ samples: [FlowSample]) {
        let place = places[masked: number]
        var free = number
        while free > first, Self.precedes(place, places[masked: free - 1], samples) {
            places[masked: free] = places[masked: free - 1]
            free -= 1
        }
        places[masked: free] = place
    }

    private static func precedes(_ left: Place, _ right: Place, _ samples: [FlowSample]) -> Bool {
        if left.hash != right.hash { return left.hash < right.hash }
        if left.direction != right.direction { return left.direction < right.direction }
        return samples[Int(left.index)].key < samples[Int(right.index)].key
    }

    private mutating func reserve(_ count: Int) {
        guard count > places.count else { return }
        places = Slots(repeating: Place(), atLeast: count)
        spare = Slots(repeating: Place(), atLeast: count)
    }
}
