import BPF
import CSluiceABI

/// How large the flow table is made where nobody says.
package enum FlowTableSize {
    /// Kernel memory that the table takes at most by itself; larger ones must be configured.
    private static let mostMemory = 256 << 20
    private static let leastSlots = 1024
    /// Of processors that do not tell.
    private static let usualCache = 1 << 20

    /// Slots for each CPU on this machine.
    package static var ofThisMachine: Int {
        slots(cpus: (try? Machine.possibleCPUs()) ?? 1, cache: Machine.secondLevelCache ?? usualCache)
    }

    /// As many slots as the second-level cache has lines of 64 bytes, one for each entry: a larger table costs a miss a
    /// packet, a smaller one coverage.
    ///
    /// - Parameters:
    ///   - cpus: how many there may be.
    ///   - cache: bytes of one CPU's second-level cache.
    /// - Returns: a power of two, at least 1,024; the table of all CPUs takes at most 256 MiB.
    package static func slots(cpus: Int, cache: Int) -> Int {
        let bytesPerSlot = MemoryLayout<FlowSetABI>.stride / Int(FLOW_WAYS) * Int(GENERATIONS) * max(cpus, 1)
        var slots = leastSlots
        while slots * 2 <= cache / 64, slots * 2 * bytesPerSlot <= mostMemory { slots *= 2 }
        return slots
    }
}
