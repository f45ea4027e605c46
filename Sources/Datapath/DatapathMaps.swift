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
    let exactRules: BPFMap
    let exactRest: BPFMap
    let exactKeys: BPFMap
    private let prefixes4: [BPFMap]
    private let prefixes6: [BPFMap]
    let scopes: BPFMap

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
        exactRules = try open("exact_rules")
        exactRest = try open("exact_rest")
        exactKeys = try open("exact_keys")
        // In the order of `RuleKind`, the allow-list last.
        let kinds = ["mdeny", "adeny", "mlimit", "alimit", "allow"]
        prefixes4 = try kinds.map { try open("\($0)_prefix4") }
        prefixes6 = try kinds.map { try open("\($0)_prefix6") }
        scopes = try open("scopes")
    }

    var all: [BPFMap] {
        [control, flows, totals, sketches, next, gate4, gate6, scopeGate, scopes]
            + [exactRules, exactRest, exactKeys] + prefixes4 + prefixes6
    }

    /// Prefixes with rules of a kind; `nil`: with an entry in the allow-list.
    func prefix4(_ kind: RuleKind?) -> BPFMap { prefixes4[Self.number(kind)] }
    func prefix6(_ kind: RuleKind?) -> BPFMap { prefixes6[Self.number(kind)] }

    private static func number(_ kind: RuleKind?) -> Int {
        kind.map { Int($0.rawValue) } ?? RuleKind.allCases.count
    }

    /// Whether keys, values and sizes are what this version makes with this configuration: pinned maps may be another's.
    func isOurs(_ config: ConfigABI) -> Bool {
        func has<Key, Value>(_ map: BPFMap, _ key: Key.Type, _ value: Value.Type) -> Bool {
            map.keySize == MemoryLayout<Key>.stride && map.valueSize == MemoryLayout<Value>.stride
        }
        let sizes = Self.sizes(config)
        return has(control, UInt32.self, ControlABI.self) && has(flows, UInt32.self, FlowSetABI.self)
            && has(totals, UInt32.self, FrameTotalsABI.self)
            && has(exactRules, UInt32.self, ExactLineABI.self)
            && has(exactRest, UInt32.self, RuleRestABI.self)
            && has(exactKeys, UInt32.self, ExactKeyABI.self)
            && prefixes4.allSatisfy { has($0, Prefix4KeyABI.self, RuleABI.self) }
            && prefixes6.allSatisfy { has($0, Prefix6KeyABI.self, RuleABI.self) }
            && has(scopes, ScopeKeyABI.self, RuleABI.self)
            && all.allSatisfy { map in sizes[map.name].map { $0 == map.capacity } ?? true }
    }

    /// Entries of the maps whose size the configuration decides.
    private static func sizes(_ config: ConfigABI) -> [String: Int] {
        let segments = Int(GENERATIONS) * Int(config.cpus)
        let lines = Int(config.exact_lines) + Int(EXACT_PROBES / EXACT_LINE)
        return [
            "flows": segments * Int(config.sets), "totals": segments, "sketches": segments,
            "exact_rules": lines, "exact_rest": lines * Int(EXACT_LINE),
            "exact_keys": lines * Int(EXACT_LINE),
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
        config.ipv6_prefix = UInt32(options.ipv6SourcePrefix)
        // A line of two for each rule: half full when there are as many as there may be.
        config.exact_lines = UInt32(options.ruleSlots)
        // Drawn anew with every load, so that nobody can choose flows that share a set.
        unsafe withUnsafeMutableBytes(of: &config.hash_keys) { raw in
            for index in raw.indices { unsafe raw[index] = .random(in: .min ... .max) }
        }
        config.sketch_seed = .random(in: .min ... .max)
        try object.setConstants(config)
        for (map, entries) in sizes(config) {
            try object.resize(map: map, to: entries)
        }
        try object.load()
        return (try DatapathMaps { try object.map(named: $0) }, config)
    }
}
