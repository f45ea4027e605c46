import CSluiceABI
import CSluiceTwin
import FlowTable
import Traffic

/// The data plane's parser and flow table, run in this process.
@safe final class TwinTable {
    private var twin = unsafe sluice_twin()

    /// - Parameter sets: how many sets of eight flows the table holds; a power of two.
    init(sets: UInt32 = 8192) {
        // Replay is deterministic, and nobody aims at its table: constant keys will do.
        let keys = (0..<UInt32(HASH_KEYS)).map { ($0 &+ 1) &* 0x9E37_79B1 }
        guard unsafe sluice_twin_open(&twin, sets, keys) == 0 else {
            fatalError("no memory for a flow table of \(sets) sets")
        }
    }

    deinit { unsafe sluice_twin_close(&twin) }

    /// Counts a frame of `length` bytes, of which `frame` holds the first ones; `false` if the table has no place for its flow: `drain` it and count again.
    func count(_ frame: UnsafeRawBufferPointer, length: Int, at time: Timestamp) -> Bool {
        unsafe sluice_twin_count(
            &twin, frame.baseAddress, UInt32(frame.count), UInt32(length), Self.counter(time)) >= 0
    }

    /// Takes out all flows.
    func drain(now: Timestamp) -> [FlowSample] {
        let table = unsafe FlowTable(base: twin.sets, sets: Int(twin.config.sets), segments: 1)
        return table.drain(clock: FlowClock(now: now, counter: Self.counter(now)))
    }

    /// Takes out the totals.
    func drainTotals() -> Totals {
        defer { unsafe twin.totals = .init() }
        return unsafe Totals(twin.totals)
    }

    private static func counter(_ time: Timestamp) -> UInt64 { UInt64(bitPattern: time.nanoseconds) }
}
