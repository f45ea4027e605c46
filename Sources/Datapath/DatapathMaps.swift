import BPF
import CSluiceABI
import Glibc

/// The data plane's maps: freshly made with the program, or those that an earlier agent pinned.
struct DatapathMaps {
    /// One family of rule maps: exact addresses and prefixes.
    struct Layer {
        let exact4: BPFMap
        let exact6: BPFMap
        let prefix4: BPFMap
        let prefix6: BPFMap

        init(_ name: String, _ open: (String) throws -> BPFMap) throws {
            exact4 = try open("\(name)_exact4")
            exact6 = try open("\(name)_exact6")
            prefix4 = try open("\(name)_prefix4")
            prefix6 = try open("\(name)_prefix6")
        }

        var all: [BPFMap] { [exact4, exact6, prefix4, prefix6] }
    }

    let control: BPFMap
    let flows: BPFMap
    let totals: BPFMap
    let sketches: BPFMap
    /// The slot for one program that passing packets go on to.
    let next: BPFMap
    let gate4: BPFMap
    let gate6: BPFMap
    let allow4: BPFMap
    let allow6: BPFMap
    let manual: Layer
    let automatic: Layer
    let limit: Layer
    let scope: BPFMap

    /// All maps, which `open` finds by their names in `bpf/`.
    init(_ open: (String) throws -> BPFMap) throws {
        control = try open("control")
        flows = try open("flows")
        totals = try open("totals")
        sketches = try open("sketches")
        next = try open("next")
        gate4 = try open("gate4")
        gate6 = try open("gate6")
        allow4 = try open("allow_prefix4")
        allow6 = try open("allow_prefix6")
        manual = try Layer("manual", open)
        automatic = try Layer("automatic", open)
        limit = try Layer("limit", open)
        scope = try open("limit_scope")
    }

    var all: [BPFMap] {
        [control, flows, totals, sketches, next, gate4, gate6, allow4, allow6] + manual.all + automatic.all
            + limit.all + [scope]
    }

    /// Whether keys and values are what this version knows: pinned maps may be another's.
    var haveOurLayout: Bool {
        func has<Key, Value>(_ map: BPFMap, _ key: Key.Type, _ value: Value.Type) -> Bool {
            map.keySize == MemoryLayout<Key>.stride && map.valueSize == MemoryLayout<Value>.stride
        }
        let layers = [manual, automatic, limit].allSatisfy { layer in
            has(layer.exact4, UInt32.self, RuleABI.self) && has(layer.exact6, Exact6KeyABI.self, RuleABI.self)
                && has(layer.prefix4, Prefix4KeyABI.self, RuleABI.self)
                && has(layer.prefix6, Prefix6KeyABI.self, RuleABI.self)
        }
        return layers && has(control, UInt32.self, ControlABI.self)
            && has(flows, UInt32.self, FlowSetABI.self)
            && has(totals, UInt32.self, FrameTotalsABI.self) && has(allow4, Prefix4KeyABI.self, RuleABI.self)
            && has(allow6, Prefix6KeyABI.self, RuleABI.self) && has(scope, ScopeKeyABI.self, RuleABI.self)
    }

    private static let mostLimits = 1 << 16

    /// Loads `object`, sized for this machine.
    static func load(_ object: BPFObject, options: DatapathOptions) throws -> (
        maps: DatapathMaps, config: ConfigABI
    ) {
        var config = ConfigABI()
        let cpus = try Machine.possibleCPUs()
        config.cpus = UInt32(cpus)
        config.sets = UInt32(options.slotsPerCPU / Int(FLOW_WAYS))
        config.ipv6_prefix = UInt32(options.ipv6SourcePrefix)
        // Drawn anew with every load, so that nobody can choose flows that share a set.
        unsafe withUnsafeMutableBytes(of: &config.hash_keys) { raw in
            for index in raw.indices { unsafe raw[index] = .random(in: .min ... .max) }
        }
        config.sketch_seed = .random(in: .min ... .max)
        try object.setConstants(config)
        try object.resize(map: "flows", to: Int(GENERATIONS) * cpus * Int(config.sets))
        try object.resize(map: "totals", to: Int(GENERATIONS) * cpus)
        try object.resize(map: "sketches", to: Int(GENERATIONS) * cpus)
        // Limits are few, and a hash takes 16 bytes for each entry that it might ever hold.
        for map in ["limit_exact4", "limit_exact6"] { try object.resize(map: map, to: mostLimits) }
        try object.load()
        return (try DatapathMaps { try object.map(named: $0) }, config)
    }
}
