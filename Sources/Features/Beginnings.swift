/// The new flows of a reading, in the order in which they began.
///
/// The first of two flows to a service is the one to something new, and gaps between flows are between one and the next.
struct Beginnings: ~Copyable {
    /// A span of time is 2^20 ns, about a millisecond; the last one has all that began later than two seconds after the reading.
    private static let spans = 2_048

    private var positions: [Int64] = []
    private var times: [UInt16] = []
    /// By span: how many began in it, then where the next one goes.
    private var counts = Slots(repeating: Int32(0), atLeast: spans)
    private var ordered = Slots(repeating: EntryLog.nowhere, atLeast: 1)

    var count: Int { positions.count }

    /// The position of the entry of the flow that began after so many others.
    subscript(number: Int) -> Int64 { ordered[number] }

    /// Forgets the flows of the reading before.
    mutating func removeAll() {
        positions.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
    }

    /// Adds a flow that began so many nanoseconds after the reading did.
    mutating func add(_ position: Int64, after age: Int64) {
        positions.append(position)
        times.append(UInt16(truncatingIfNeeded: min(max(age, 0) >> 20, Int64(Self.spans - 1))))
    }

    /// Puts them in order; those of the same millisecond stay in that in which they were added.
    mutating func arrange() {
        guard count > 0 else { return }
        if ordered.count < count { ordered = Slots(repeating: EntryLog.nowhere, atLeast: count) }
        for span in 0..<Self.spans { counts[masked: span] = 0 }
        for time in times { counts[masked: Int(time)] &+= 1 }
        var before = Int32(0)
        for span in 0..<Self.spans {
            (counts[masked: span], before) = (before, before &+ counts[masked: span])
        }
        for number in positions.indices {
            let span = Int(times[number])
            ordered[masked: Int(counts[masked: span])] = positions[number]
            counts[masked: span] &+= 1
        }
    }
}
