import Testing
import Traffic

@testable import Features

/// The tables that bound the memory of windows.
@Suite struct BoundedTableTests {
    /// Keys of one set of eight: the set is in the first bits of the hash.
    private func key(_ number: Int) -> UInt64 { 7 << 61 | UInt64(number + 1) }

    private func insert(_ key: UInt64, _ worth: Int64, into table: inout BoundedTable<Int64>) {
        table.put(key, worth, in: table.vacancy(for: key) { table[$0] })
    }

    @Test("in a full set the least worthy leaves, whatever the order they came in, and is counted")
    func eviction() {
        for shift in 0..<8 {
            var table = BoundedTable<Int64>(capacity: 64, empty: 0)
            let worths = (0..<8).map { Int64(($0 + shift) % 8 + 10) }
            for (number, worth) in worths.enumerated() { insert(key(number), worth, into: &table) }
            let before = (table.count, table.evicted)
            #expect(before == (8, 0))
            insert(key(100), 50, into: &table)
            var left: [Int64] = []
            for number in 0..<8 where table.slot(of: key(number)) == nil { left.append(worths[number]) }
            #expect(left == [10])
            insert(key(101), 5, into: &table)
            insert(key(102), 60, into: &table)
            // Who comes is let in, and is the first to go if it is worth the least.
            let (passing, last) = (table.slot(of: key(101)), table.slot(of: key(102)))
            #expect(passing == nil && last != nil)
            let after = (table.count, table.evicted)
            #expect(after == (8, 3))
        }
    }

    @Test("sets do not push each other out")
    func sets() {
        var table = BoundedTable<Int64>(capacity: 64, empty: 0)
        for set in 0..<8 { insert(UInt64(set) << 61 | 1, 1, into: &table) }
        let counts = (table.count, table.evicted)
        #expect(counts == (8, 0))
        for set in 0..<8 {
            let slot = table.slot(of: UInt64(set) << 61 | 1)
            #expect(slot != nil, "set \(set)")
        }
    }

    @Test("an entity that is idle leaves before one that is busy, and a small one before a large one")
    func worth() {
        func history(_ packets: Float, at seconds: Int64) -> Int64 {
            History(prefix: Prefix(Address(ipv4: 1)), now: seconds * 1_000_000_000).worth(packets)
        }
        #expect(history(100, at: 1_000) > history(100, at: 900))
        #expect(history(10_000, at: 1_000) > history(10, at: 1_000))
        // Size is worth seconds, not hours: what was large long ago leaves.
        #expect(history(10, at: 4_000) > history(1_000_000, at: 1_000))
    }
}
