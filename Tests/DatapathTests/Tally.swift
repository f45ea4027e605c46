import TestSupport
import Traffic

/// Flows and totals of some frames, to compare what was counted with what should have been.
struct Tally: Equatable {
    var flows: [FlowKey: Count] = [:]
    var totals = Totals()

    init() {}

    init(_ reading: Reading) {
        totals = reading.totals
        for sample in reading.samples {
            flows[sample.key, default: Count()] += Count(packets: sample.packets, bytes: sample.bytes)
        }
    }

    mutating func add(_ other: Tally) {
        flows.merge(other.flows) { left, right in
            var sum = left
            sum += right
            return sum
        }
        totals += other.totals
    }

    /// Counts a passing frame by the plain model.
    mutating func add(_ frame: [UInt8]) {
        let one = Count(packets: 1, bytes: UInt64(frame.count))
        switch Expected(frame) {
        case .flow(let key):
            flows[key, default: Count()] += one
            totals.flow += one
        case .malformed(let reason): totals.malformations[reason, default: Count()] += one
        case .other: totals.other += one
        }
    }
}
