import Traffic

/// The order in which a reading's samples are taken in, whatever order they came in: that of their conversations' hashes.
///
/// Order shows in what windows say: a full table lets go of one or of another, sums of floating-point numbers differ in their last
/// bit. The kernel's table gives another order each time it is loaded, and replay's another still. That of hashes has the two
/// directions of a conversation side by side, and goes through the table of conversations from one end to the other.
struct SampleOrder: ~Copyable {
    /// A sample, by what decides when its turn is.
    struct Place {
        /// The hash of its conversation but for the lowest bit, which is its direction in it.
        fileprivate var rank: UInt64 = 0
        /// Twice its number in the reading, and whether nobody answers it (`Orientation`).
        private var packed: UInt32 = 0
        /// Where its conversation was found to stand, to be checked when it is used; -1: nowhere, -2: where that of the sample
        /// before it does, of which it is, too.
        fileprivate(set) var slot: Int32 = -1

        fileprivate init() {}

        @inline(__always)
        fileprivate init(_ orientation: Orientation, index: Int) {
            rank = orientation.hash & ~1 | UInt64(orientation.direction)
            packed = UInt32(truncatingIfNeeded: index) << 1 | (orientation.isNotice ? 1 : 0)
        }

        var hash: UInt64 { rank | 1 }
        var direction: Int { Int(rank & 1) }
        var index: Int { Int(packed >> 1) }
        var isNotice: Bool { packed & 1 == 1 }
        var continues: Bool { slot == -2 }
    }

    /// Two passes, by so many bits each, leave few samples side by side that are not in order yet.
    private static let bits: UInt64 = 11
    private static let digits = 1 << 11
    /// So many are put in order one by one.
    private static let few = 32

    private var places = Slots(repeating: Place(), atLeast: 1)
    private var spare = Slots(repeating: Place(), atLeast: 1)
    /// By the rank's first bits, and by those behind them and the last: how many there are, then where the next one goes.
    private var first = Slots(repeating: Int32(0), atLeast: digits)
    private var second = Slots(repeating: Int32(0), atLeast: digits)

    /// The sample whose turn is after so many others.
    subscript(number: Int) -> Place {
        @inline(__always) _read { yield places[masked: number] }
    }

    /// Writes down where a sample's conversation is, by asking for it, unless it is that of the sample before it.
    @inline(__always)
    mutating func locate(_ number: Int, _ find: (UInt64) -> Int?) {
        let isSame = number > 0 && (places[masked: number].rank ^ places[masked: number - 1].rank) <= 1
        places[masked: number].slot =
            isSame ? -2 : Int32(truncatingIfNeeded: find(places[masked: number].hash) ?? -1)
    }

    /// Puts samples in order: by the hash of the conversation, direction and, where these are the same (notices of ICMP,
    /// say), key.
    ///
    /// A radix sort, and what little it leaves by comparing.
    mutating func arrange(_ samples: [FlowSample]) {
        reserve(samples.count)
        for digit in 0..<Self.digits { (first[masked: digit], second[masked: digit]) = (0, 0) }
        for index in samples.indices {
            let place = Place(Orientation(samples[index].key), index: index)
            first[masked: Self.first(place.rank)] &+= 1
            second[masked: Self.second(place.rank)] &+= 1
            places[masked: index] = place
        }
        var (before, less) = (Int32(0), Int32(0))
        for digit in 0..<Self.digits {
            (first[masked: digit], before) = (before, before &+ first[masked: digit])
            (second[masked: digit], less) = (less, less &+ second[masked: digit])
        }
        for number in samples.indices {
            let place = places[masked: number]
            let digit = Self.second(place.rank)
            spare[masked: Int(second[masked: digit])] = place
            second[masked: digit] &+= 1
        }
        for number in samples.indices {
            let place = spare[masked: number]
            let digit = Self.first(place.rank)
            places[masked: Int(first[masked: digit])] = place
            first[masked: digit] &+= 1
        }
        compare(samples)
    }

    @inline(__always)
    private static func first(_ rank: UInt64) -> Int { Int(truncatingIfNeeded: rank >> (64 - bits)) }

    /// All that decides between the directions of most conversations.
    @inline(__always)
    private static func second(_ rank: UInt64) -> Int {
        Int(truncatingIfNeeded: rank >> (64 - 2 * bits) & ~1 | rank & 1) & (digits - 1)
    }

    /// Puts those in order that the two passes left side by side.
    private mutating func compare(_ samples: [FlowSample]) {
        var number = 1
        while number < samples.count {
            if places[masked: number - 1].rank < places[masked: number].rank {
                number += 1
            } else {
                number = settle(around: number, samples)
            }
        }
    }

    /// Puts a run of those in order whose ranks begin alike.
    ///
    /// - Returns: the number of the first behind it.
    private mutating func settle(around number: Int, _ samples: [FlowSample]) -> Int {
        let start = places[masked: number].rank >> (65 - 2 * Self.bits)
        var (begin, end) = (number - 1, number + 1)
        while begin > 0, places[masked: begin - 1].rank >> (65 - 2 * Self.bits) == start { begin -= 1 }
        while end < samples.count, places[masked: end].rank >> (65 - 2 * Self.bits) == start { end += 1 }
        if end - begin <= Self.few {
            for number in begin + 1..<end { settle(number, from: begin, samples) }
        } else {
            let run = (begin..<end).map { places[masked: $0] }.sorted { Self.precedes($0, $1, samples) }
            for (number, place) in run.enumerated() { places[masked: begin + number] = place }
        }
        return end
    }

    /// Moves a place towards the first of its run until it stands in order.
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
        left.rank != right.rank ? left.rank < right.rank : samples[left.index].key < samples[right.index].key
    }

    private mutating func reserve(_ count: Int) {
        guard count > places.count else { return }
        places = Slots(repeating: Place(), atLeast: count)
        spare = Slots(repeating: Place(), atLeast: count)
    }
}
