import BPF
import CSluiceABI
import Glibc

/// The data plane's maps: freshly made with the program, or those that an earlier agent pinned.
struct DatapathMaps {
    let control: BPFMap
    let flows: BPFMap
    let totals: BPFMap
    let sketches: BPFMap
    /// The slot for one program that passing packets go on to.
    let next: BPFMap
    let gate4: BPFMap
    let gate6: BPFMap
    let scopeGate: BPFMap
    let lengths4: BPFMap
    let lengths6: BPFMap
    let sourceRules: BPFMap
    let sourceRest: BPFMap
    let sourceKeys: BPFMap
    let scopes: BPFMap
    let proofs: BPFMap
    let homes: BPFMap
    let homeGate: BPFMap
    let services: BPFMap
    /// Who has nothing to prove.
    let known: BPFMap
    /// What is remembered of strangers.
    let shield: BPFMap

    /// All maps, which `open` finds by their names in `bpf/`.
    init(_ open: (String) throws -> BPFMap) throws {
        control = try open("control")
        flows = try open("flows")
        totals = try open("totals")
        sketches = try open("sketches")
        next = try open("next")
        gate4 = try open("gate4")
        gate6 = try open("gate6")
        scopeGate = try open("scope_gate")
        lengths4 = try open("lengths4")
        lengths6 = try open("lengths6")
        sourceRules = try open("source_rules")
        sourceRest = try open("source_rest")
        sourceKeys = try open("source_keys")
        scopes = try open("scopes")
        proofs = try open("proofs")
        homes = try open("homes")
        homeGate = try open("home_gate")
        services = try open("services")
        known = try open("known")
        shield = try open("shield")
    }

    var all: [BPFMap] {
        [control, flows, totals, sketches, next, gate4, gate6, scopeGate, scopes]
            + [
                lengths4, lengths6, sourceRules, sourceRest, sourceKeys, proofs, homes, homeGate, services,
                known, shield,
            ]
    }

    /// Whether keys, values and sizes are what this version makes with this configuration: pinned maps may be another's.
    func isOurs(_ config: ConfigABI) -> Bool {
        func has<Key, Value>(_ map: BPFMap, _ key: Key.Type, _ value: Value.Type) -> Bool {
            map.keySize == MemoryLayout<Key>.stride && map.valueSize == MemoryLayout<Value>.stride
        }
        let sizes = Self.sizes(config)
        return has(control, UInt32.self, ControlABI.self) && has(flows, UInt32.self, FlowSetABI.self)
            && has(totals, UInt32.self, FrameTotalsABI.self)
            && has(sourceRules, UInt32.self, SourceLineABI.self)
            && has(sourceRest, UInt32.self, RuleRestABI.self)
            && has(sourceKeys, UInt32.self, SourceKeyABI.self)
            && has(lengths6, UInt32.self, Lengths6ABI.self)
            && has(scopes, ScopeKeyABI.self, ScopeRuleABI.self)
            && has(known, UInt64.self, KnownSourceABI.self)
            && has(proofs, UInt32.self, ProofSetABI.self) && has(homes, HomeKeyABI.self, UInt32.self)
            && all.allSatisfy { map in sizes[map.name].map { $0 == map.capacity } ?? true }
    }

    /// Entries of the maps whose size the configuration decides.
    private static func sizes(_ config: ConfigABI) -> [String: Int] {
        let segments = Int(GENERATIONS) * Int(config.cpus)
        let lines = Int(config.source_lines) + Int(SOURCE_PROBES / SOURCE_LINE)
        return [
            "flows": segments * Int(config.sets), "totals": segments, "sketches": segments,
            "source_rules": lines, "source_rest": lines * Int(SOURCE_LINE),
            "source_keys": lines * Int(SOURCE_LINE),
        ]
    }

    /// Loads `object`, sized for this machine.
    static func load(_ object: BPFObject, options: DatapathOptions) throws -> (
        maps: DatapathMaps, config: ConfigABI
    ) {
        var config = ConfigABI()
        let cpus = try Machine.possibleCPUs()
        config.cpus = UInt32(cpus)
        config.sets = UInt32(options.slotsPerCPU / Int(FLOW_WAYS))
        // A line of two for each rule: half full when there are as many as there may be.
        config.source_lines = UInt32(options.ruleSlots + options.allowSlots)
        config.allow_rules = UInt32(options.allowSlots)
        // Drawn anew with every load, so that nobody can choose flows that share a set.
        unsafe withUnsafeMutableBytes(of: &config.hash_keys) { raw in
            for index in raw.indices { unsafe raw[index] = .random(in: .min ... .max) }
        }
        config.sketch_seed = .random(in: .min ... .max)
        config.cookie_key = (.random(in: .min ... .max), .random(in: .min ... .max))
        try object.setConstants(config)
        for (map, entries) in sizes(config) {
            try object.resize(map: map, to: entries)
        }
        try object.load()
        return (try DatapathMaps { try object.map(named: $0) }, config)
    }
}
