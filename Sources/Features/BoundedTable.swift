/// A table of fixed size, keyed by 64-bit hashes, in which the least worthy leaves when there is no room.
///
/// Eight-way set-associative, as a cache: a key can stand in eight places only, so a look-up touches one line of
/// tags, nothing is ever rehashed or allocated, and no choice of keys makes it slow. The set is in a key's first bits: who
/// asks for keys in their order goes through memory from one end to the other. Two keys with the same 64-bit hash are one to it.
struct BoundedTable<Value: BitwiseCopyable>: ~Copyable {
    private static var ways: Int { 8 }

    /// The tags of one set: one cache line.
    private var tags: Slots<InlineArray<8, UInt64>>
    /// Values by slot; those of empty slots mean nothing.
    private var values: Slots<Value>
    private(set) var count = 0
    /// How often one had to leave for another.
    private(set) var evicted: UInt64 = 0
    private let shift: UInt64

    /// An empty table of `capacity` slots, rounded up to a power of two.
    init(capacity: Int, empty: Value) {
        values = Slots(repeating: empty, atLeast: max(capacity, Self.ways))
        tags = Slots(repeating: InlineArray(repeating: 0), atLeast: values.count / Self.ways)
        shift = UInt64(tags.count.leadingZeroBitCount)
    }

    /// Number of slots.
    var capacity: Int { values.count }

    subscript(slot: Int) -> Value {
        @inline(__always) _read { yield values[masked: slot] }
        @inline(__always) _modify { yield &values[masked: slot] }
    }

    /// Zero marks an empty slot, so the key zero is stored as one.
    private static func tag(_ key: UInt64) -> UInt64 { key == 0 ? 1 : key }

    @inline(__always)
    private func set(of key: UInt64) -> Int {
        // In two steps, as one of 64 bits, in a table of one set, would be none.
        Int(truncatingIfNeeded: (key >> 1) &>> shift)
    }

    @inline(__always)
    func slot(of key: UInt64) -> Int? {
        let tag = Self.tag(key)
        let set = set(of: key)
        // All eight are compared, in whichever place it is: a jump out of the loop would be guessed wrong most of the time.
        var found = -1
        for way in 0..<Self.ways { found = tags[masked: set][way] == tag ? way : found }
        return found < 0 ? nil : set * Self.ways + found
    }

    /// Whether a key, for which this slot was once found, still stands there.
    @inline(__always)
    func holds(_ key: UInt64, in slot: Int) -> Bool {
        tags[masked: slot / Self.ways][slot % Self.ways] == Self.tag(key)
    }

    /// Asks for the line of tags of a key ahead of its use.
    @inline(__always)
    func prefetch(tagsOf key: UInt64) { tags.prefetch(masked: set(of: key)) }

    /// Asks for what stands in a slot.
    @inline(__always)
    func prefetch(_ slot: Int) { values.prefetch(masked: slot) }

    /// The slot for a key that is not there yet: an empty one, or that of the least worthy of its set.
    func vacancy(for key: UInt64, worth: (Int) -> Int64) -> Int {
        let set = set(of: key)
        var chosen = set * Self.ways
        var least = Int64.max
        for way in 0..<Self.ways {
            let slot = set * Self.ways + way
            if tags[set][way] == 0 { return slot }
            let worth = worth(slot)
            if worth < least {
                least = worth
                chosen = slot
            }
        }
        return chosen
    }

    /// Puts a key into the slot that `vacancy` chose for it.
    mutating func put(_ key: UInt64, _ value: Value, in slot: Int) {
        let (set, way) = (slot / Self.ways, slot % Self.ways)
        if tags[set][way] == 0 { count += 1 } else { evicted += 1 }
        tags[set][way] = Self.tag(key)
        values[slot] = value
    }
}
