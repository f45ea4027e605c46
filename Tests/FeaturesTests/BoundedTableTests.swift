import Testing
import Traffic

@testable import Features

/// The tables that bound the memory of windows.
@Suite struct BoundedTableTests {
    /// Keys of one set of eight: the set is in the upper half of the hash.
    private func key(_ number: Int) -> UInt64 { 7 << 32 | UInt64(number + 1) }

    @Test("in a full set the least worthy leaves, whatever the order they came in, and is counted")
    func eviction() {
        for shift in 0..<8 {
            var table = BoundedTable<Int64>(capacity: 64, empty: 0)
            let worths = (0..<8).map { Int64(($0 + shift) % 8 + 10) }
            for (number, worth) in worths.enumerated() { _ = table.insert(key(number), worth) { $0 } }
            #expect(table.count == 8 && table.evicted == 0)
            _ = table.insert(key(100), 50) { $0 }
            let left = (0..<8).filter { table.slot(of: key($0)) == nil }
            #expect(left.map { worths[$0] } == [10])
            _ = table.insert(key(101), 5) { $0 }
            _ = table.insert(key(102), 60) { $0 }
            // Who comes is let in, and is the first to go if it is worth the least.
            #expect(table.slot(of: key(101)) == nil && table.slot(of: key(102)) != nil)
            #expect(table.count == 8 && table.evicted == 3)
        }
    }

    @Test("sets do not push each other out")
    func sets() {
        var table = BoundedTable<Int64>(capacity: 64, empty: 0)
        for set in 0..<8 { _ = table.insert(UInt64(set) << 32 | 1, 1) { $0 } }
        #expect(table.count == 8 && table.evicted == 0)
        #expect((0..<8).allSatisfy { table.slot(of: UInt64($0) << 32 | 1) != nil })
    }

    @Test("an entity that is idle leaves before one that is busy, and a small one before a large one")
    func worth() {
        func history(_ packets: UInt64, at seconds: Int64) -> Int64 {
            var history = History(prefix: Prefix(Address(ipv4: 1)), now: seconds * 1_000_000_000)
            history.add(Float(packets), to: .packets)
            return History.worth(history)
        }
        #expect(history(100, at: 1_000) > history(100, at: 900))
        #expect(history(10_000, at: 1_000) > history(10, at: 1_000))
        // Size is worth seconds, not hours: what was large long ago leaves.
        #expect(history(10, at: 4_000) > history(1_000_000, at: 1_000))
    }
}
