import Traffic

/// The order in which a reading's samples are taken in: that in which the flows began, whatever order they came in.
///
/// Order shows in what windows say: the first of two flows to a service is the one to something new, a full table lets go of
/// one or of another, sums of floating-point numbers differ in their last bit. The kernel's table gives another order each
/// time it is loaded, and replay's another still.
struct SampleOrder: ~Copyable {
    /// A sample, by what decides when its turn is.
    struct Place {
        /// Of its conversation.
        var hash: UInt64 = 0
        /// Its number in the reading.
        var index: Int32 = 0
        /// When its first packet came, in units of 2^20 ns since the reading began; sticks at 2,047, after two seconds.
        var time: UInt16 = 0
        /// Its direction in the conversation, and whether nobody answers it (`Orientation`).
        var direction: Int8 = 0
        var isNotice = false
        /// Where its conversation was found to stand, to be checked when it is used; -1: nowhere.
        var slot: Int32 = -1
    }

    /// Two passes, by time and by so many bits of the hash, leave few samples side by side that are not in order yet.
    private static let bits: UInt64 = 11
    private static let digits = 1 << 11
    /// So many are put in order one by one.
    private static let few = 32

    private var places = Slots(repeating: Place(), atLeast: 1)
    private var spare = Slots(repeating: Place(), atLeast: 1)
    /// By time and by the hash's first bits: how many there are, then where the next one goes.
    private var times = Slots(repeating: Int32(0), atLeast: digits)
    private var hashes = Slots(repeating: Int32(0), atLeast: digits)

    /// The sample whose turn is after so many others.
    subscript(number: Int) -> Place {
        @inline(__always) _read { yield places[masked: number] }
    }

    /// Writes down where a sample's conversation was found.
    @inline(__always)
    mutating func note(_ slot: Int?, of number: Int) {
        places[masked: number].slot = Int32(truncatingIfNeeded: slot ?? -1)
    }

    /// Puts samples in order: by time, the hash of the conversation, direction and, where all these are the same (notices of
    /// ICMP, say), key.
    ///
    /// A radix sort, and what little it leaves by comparing. The reading lasts from `start` to `end`, in nanoseconds.
    mutating func arrange(_ samples: [FlowSample], from start: Int64, to end: Int64) {
        reserve(samples.count)
        for digit in 0..<Self.digits { (times[digit], hashes[digit]) = (0, 0) }
        for index in samples.indices {
            let orientation = Orientation(samples[index].key)
            let age = min(max(samples[index].first.nanoseconds, start), end) - start
            let time = Int(truncatingIfNeeded: min(age >> 20, Int64(Self.digits - 1)))
            times[masked: time] &+= 1
            hashes[masked: Self.digit(orientation.hash)] &+= 1
            places[masked: index] = Place(
                hash: orientation.hash, index: Int32(truncatingIfNeeded: index),
                time: UInt16(truncatingIfNeeded: time),
                direction: Int8(truncatingIfNeeded: orientation.direction), isNotice: orientation.isNotice)
        }
        var (before, less) = (Int32(0), Int32(0))
        for digit in 0..<Self.digits {
            (times[digit], before) = (before, before &+ times[digit])
            (hashes[digit], less) = (less, less &+ hashes[digit])
        }
        for number in samples.indices {
            let place = places[masked: number]
            let digit = Self.digit(place.hash)
            spare[masked: Int(hashes[masked: digit])] = place
            hashes[masked: digit] &+= 1
        }
        for number in samples.indices {
            let place = spare[masked: number]
            places[masked: Int(times[masked: Int(place.time)])] = place
            times[masked: Int(place.time)] &+= 1
        }
        compare(samples)
    }

    private static func digit(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> (64 - bits)) }

    /// Puts those in order that have the same time and the same first bits.
    private mutating func compare(_ samples: [FlowSample]) {
        var begin = 0
        while begin < samples.count {
            let (time, digit) = (places[masked: begin].time, Self.digit(places[masked: begin].hash))
            var end = begin + 1
            while end < samples.count, places[masked: end].time == time,
                Self.digit(places[masked: end].hash) == digit
            { end += 1 }
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

    /// Of two of the same time.
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
