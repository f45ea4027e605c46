import BPF
import CSluiceABI
import FlowTable
import Glibc
import Traffic

/// Reads the flow table generation by generation.
///
/// Flip, wait until no program writes the old half any more, read and clear it: no packet is lost or counted twice, where
/// look-up-and-delete on a live map loses 0.25 to 1.25 in a million (docs/dataplane.md).
@safe final class GenerationReader {
    private let control: ControlBlock
    private let flows: MappedMemory
    private let totals: MappedMemory
    private let sketches: MappedMemory
    private let config: ConfigABI

    init(_ maps: DatapathMaps, control: ControlBlock) throws(BPFError) {
        self.control = control
        config = control.config
        flows = try maps.flows.mapMemory()
        totals = try maps.totals.mapMemory()
        sketches = try maps.sketches.mapMemory()
        // A kernel that refuses this is found out now: readings that do not wait would be wrong without a sign.
        try Machine.waitForRunningPrograms()
    }

    /// Ends the generation that is being written, and empties it.
    ///
    /// - Parameters:
    ///   - start: end of the reading before.
    ///   - now: this moment by the agent's clock.
    ///   - counter: and by the program's, not when the wait is over: that takes some milliseconds.
    /// - Returns: what was counted in it.
    func read(from start: Timestamp, to now: Timestamp, counter: UInt64) -> Reading {
        let clock = FlowClock(now: now, counter: counter)
        let generation = control.flip()
        // Whether it is refused does not change while the machine runs.
        try? Machine.waitForRunningPrograms()
        let segments = Int(config.cpus)
        let sets = Int(config.sets)
        let first = unsafe flows.base.assumingMemoryBound(to: FlowSetABI.self) + generation * segments * sets
        let table = unsafe FlowTable(base: first, sets: sets, segments: segments)
        var reading = Reading(start: start, end: now, samples: table.drain(clock: clock))
        reading.totals = drainTotals(generation)
        if reading.totals.aside.packets > 0 { reading.aside = drainSketch(generation) }
        return reading
    }

    private func drainTotals(_ generation: Int) -> Totals {
        var sum = Totals()
        let all = unsafe totals.base.assumingMemoryBound(to: FrameTotalsABI.self)
        for cpu in 0..<Int(config.cpus) {
            let index = generation * Int(config.cpus) + cpu
            sum += unsafe Totals(all[index])
            unsafe all[index] = FrameTotalsABI()
        }
        return sum
    }

    private func drainSketch(_ generation: Int) -> AsideSketch {
        let width = Int(SKETCH_WIDTH)
        let cells = AsideSketch.rows * width
        var sums = [UInt32](repeating: 0, count: cells)
        for cpu in 0..<Int(config.cpus) {
            let offset = (generation * Int(config.cpus) + cpu) * cells
            let segment = unsafe sketches.base.assumingMemoryBound(to: UInt32.self) + offset
            for cell in sums.indices { sums[cell] &+= unsafe segment[cell] }
            unsafe segment.update(repeating: 0, count: cells)
        }
        return AsideSketch(cells: sums, width: width, seed: config.sketch_seed)
    }
}
