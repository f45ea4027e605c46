import Traffic

/// The entries of the window, each at a position of its own: how many came before it since the builder began.
///
/// A ring: what leaves makes room for what comes, so from one reading to the next nothing is allocated.
struct EntryLog: ~Copyable {
    /// The position of no entry.
    static let nowhere: Int64 = -1

    private var entries = Slots(repeating: Entry.blank, atLeast: 1)
    private var ends = Slots(repeating: EntryEnds(), atLeast: 1)
    /// The position of the oldest entry, and of the next to come.
    private(set) var oldest: Int64 = 0
    private(set) var next: Int64 = 0

    var count: Int { Int(next - oldest) }

    /// The entry at a position from `oldest` on and before `next`.
    subscript(position: Int64) -> Entry {
        @inline(__always) _read { yield entries[masked: Int(truncatingIfNeeded: position)] }
        @inline(__always) _modify { yield &entries[masked: Int(truncatingIfNeeded: position)] }
    }

    /// The entities at the ends of the flow.
    @inline(__always)
    func ends(at position: Int64) -> EntryEnds { ends[masked: Int(truncatingIfNeeded: position)] }

    @inline(__always)
    mutating func setEnds(_ new: EntryEnds, at position: Int64) {
        ends[masked: Int(truncatingIfNeeded: position)] = new
    }

    @inline(__always)
    func traffic(at position: Int64) -> EntryTraffic {
        EntryTraffic(
            packets: self[position].packets, bytes: self[position].bytes, resets: UInt64(self[position].rst))
    }

    @inline(__always)
    func contains(_ position: Int64) -> Bool { position >= oldest && position < next }

    /// Makes room for so many more, and gives back what a flood took: a ring that would be used to an eighth at most shrinks.
    mutating func reserve(_ more: Int) {
        let wanted = max(count + more, 256)
        var capacity = entries.count
        while capacity < wanted { capacity *= 2 }
        if capacity > 8 * wanted { while capacity > 2 * wanted { capacity /= 2 } }
        guard capacity != entries.count else { return }
        var roomier = Slots(repeating: Entry.blank, atLeast: capacity)
        var roomierEnds = Slots(repeating: EntryEnds(), atLeast: capacity)
        for position in oldest..<next {
            roomier[masked: Int(truncatingIfNeeded: position)] = self[position]
            roomierEnds[masked: Int(truncatingIfNeeded: position)] = ends(at: position)
        }
        entries = roomier
        ends = roomierEnds
    }

    /// Adds an entry, for which there must be room.
    @inline(__always)
    mutating func append(_ entry: Entry) {
        entries[masked: Int(truncatingIfNeeded: next)] = entry
        ends[masked: Int(truncatingIfNeeded: next)] = EntryEnds()
        next += 1
    }

    /// Lets go of all before a position.
    mutating func removeAll(before position: Int64) { oldest = position }

    /// Asks for an entry ahead of its use.
    @inline(__always)
    func prefetch(_ position: Int64) { entries.prefetch(masked: Int(truncatingIfNeeded: position)) }
}

extension Entry {
    fileprivate static let blank = Entry(
        FlowSample(
            key: FlowKey(
                source: Address(ipv4: 0), destination: Address(ipv4: 0), protocol: .tcp, sourcePort: 0,
                destinationPort: 0),
            first: Timestamp(nanoseconds: 0), last: Timestamp(nanoseconds: 0)),
        number: 0, first: 0)
}
