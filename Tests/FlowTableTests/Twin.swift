import CSluiceTwin
import FlowTable
import TestSupport
import Traffic

/// The native data plane on several segments of memory, as it has one for each CPU.
@safe final class Twin {
    private var twin = unsafe sluice_twin()

    init(sets: UInt32, keys: [UInt32] = (1...10).map { $0 &* 0x9E37_79B1 }) {
        precondition(unsafe sluice_twin_open(&twin, sets, keys) == 0)
    }

    deinit { unsafe sluice_twin_close(&twin) }

    /// - Returns: the kind it was counted as, or -1.
    @discardableResult
    func count(_ frame: Frame, at nanoseconds: UInt64 = 0) -> Int32 {
        let bytes = frame.bytes
        return unsafe sluice_twin_count(&twin, bytes, UInt32(bytes.count), UInt32(bytes.count), nanoseconds)
    }

    /// A table over this memory, taken as `segments` segments.
    func table(segments: Int = 1) -> FlowTable {
        unsafe FlowTable(base: twin.sets, sets: Int(twin.config.sets) / segments, segments: segments)
    }

    /// Entries in each set.
    var occupancy: [Int] {
        unsafe (0..<Int(twin.config.sets)).map { set in
            let tags = unsafe twin.sets[set].tags
            return (0..<8).count { tags >> UInt64(8 * $0) & 0xFF != 0 }
        }
    }

    /// Whether every way of every set is free, for the program too.
    var isEmpty: Bool {
        unsafe (0..<Int(twin.config.sets)).allSatisfy { set in
            unsafe twin.sets[set].tags == 0 && twin.sets[set].ages == 0
        }
    }

    /// The hash bits that the first way of the first set has.
    var tag: UInt64 { unsafe twin.sets[0].tags & 0xFF }

    /// Copies the first set of another twin: what its CPU holds.
    func copySet(of other: Twin, to destination: Int) {
        unsafe twin.sets[destination] = other.twin.sets[0]
    }

    /// Copies the sets `0..<count` to `destination...`: what another CPU's segment would hold.
    func copySets(_ count: Int, to destination: Int) {
        for set in 0..<count { unsafe twin.sets[destination + set] = twin.sets[set] }
    }
}
