import BPF
import CSluiceABI

/// The page through which the agent and the running program talk (`struct sluice_control`).
///
/// The agent alone writes it. Aligned words are written whole, and the program reads each once a packet.
@safe final class ControlBlock {
    private let memory: MappedMemory
    private let block: UnsafeMutablePointer<ControlABI>

    init(_ map: BPFMap) throws(BPFError) {
        memory = try map.mapMemory()
        unsafe block = memory.base.bindMemory(to: ControlABI.self, capacity: 1)
    }

    /// For maps just made: says whose they are.
    func initialize(_ config: ConfigABI) {
        unsafe block.pointee.abi = UInt32(SLUICE_ABI)
        unsafe block.pointee.config = config
    }

    var abi: UInt32 { unsafe block.pointee.abi }
    var config: ConfigABI { unsafe block.pointee.config }

    /// Turns over to the other half of the flow table, and returns the one that was written until now.
    func flip() -> Int {
        let old = unsafe block.pointee.generation & 1
        unsafe block.pointee.generation = old ^ 1
        return Int(old)
    }

    /// When the agent was last alive, on the monotonic clock, in nanoseconds.
    var heartbeat: UInt64 {
        get { unsafe block.pointee.heartbeat }
        set { unsafe block.pointee.heartbeat = newValue }
    }

    /// Nanoseconds of silence after which automatic rules no longer apply; 0: they always do.
    func setDeadAfter(_ nanoseconds: UInt64) { unsafe block.pointee.dead_after = nanoseconds }

    /// How many scopes there are, and how many of them ask for proofs: what need not be looked up is saved.
    func setScopedRules(_ count: Int, prove: Int) {
        unsafe block.pointee.scoped_rules = UInt32(count)
        unsafe block.pointee.prove_rules = UInt32(prove)
    }

    /// Says which interfaces, by index, are on the side of others, and whether what comes in there in the name of ours is dropped.
    func setOutside(_ interfaces: [UInt32], dropsMartians: Bool) {
        unsafe withUnsafeMutableBytes(of: &block.pointee.outside) { raw in
            let places = unsafe raw.bindMemory(to: UInt32.self)
            for place in places.indices {
                unsafe places[place] = place < interfaces.count ? interfaces[place] : 0
            }
        }
        unsafe block.pointee.drop_martians = dropsMartians ? 1 : 0
    }

    /// Gate bits that stand for every source.
    var gateBits: UInt8 {
        get { unsafe UInt8(truncatingIfNeeded: block.pointee.gate_all) }
        set { unsafe block.pointee.gate_all = UInt32(newValue) }
    }
}
