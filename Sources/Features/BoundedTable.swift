/// A table of fixed size, keyed by 64-bit hashes, in which the least worthy leaves when there is no room.
///
/// Eight-way set-associative, as a cache: a key can stand in eight places only, so a look-up touches one line of
/// tags, nothing is ever rehashed or allocated, and no choice of keys makes it slow. Two keys with the same 64-bit
/// hash are one to it.
struct BoundedTable<Value> {
    private static var ways: Int { 8 }

    private var tags: [UInt64]
    /// Values by slot; those of empty slots mean nothing.
    var values: [Value]
    private(set) var count = 0
    /// How often one had to leave for another.
    private(set) var evicted: UInt64 = 0
    private let setMask: UInt64

    /// An empty table of `capacity` slots, rounded up to a power of two.
    init(capacity: Int, empty: Value) {
        var sets = 1
        while sets * Self.ways < capacity { sets *= 2 }
        tags = Array(repeating: 0, count: sets * Self.ways)
        values = Array(repeating: empty, count: sets * Self.ways)
        setMask = UInt64(sets - 1)
    }

    /// Zero marks an empty slot, so the key zero is stored as one.
    private static func tag(_ key: UInt64) -> UInt64 { key == 0 ? 1 : key }

    func slot(of key: UInt64) -> Int? {
        let tag = Self.tag(key)
        let base = Int(key >> 32 & setMask) * Self.ways
        for slot in base..<base + Self.ways where tags[slot] == tag { return slot }
        return nil
    }

    /// Puts in a key that is not there yet, in place of the least worthy of its set when that is full.
    mutating func insert(_ key: UInt64, _ value: Value, worth: (Value) -> Int64) -> Int {
        let base = Int(key >> 32 & setMask) * Self.ways
        var chosen = base
        var least = Int64.max
        for slot in base..<base + Self.ways {
            if tags[slot] == 0 {
                chosen = slot
                break
            }
            let worth = worth(values[slot])
            if worth < least {
                least = worth
                chosen = slot
            }
        }
        if tags[chosen] == 0 { count += 1 } else { evicted += 1 }
        tags[chosen] = Self.tag(key)
        values[chosen] = value
        return chosen
    }
}
