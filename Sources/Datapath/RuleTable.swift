import BPF
import CSluiceABI
import Traffic

/// The rules in the kernel.
///
/// They are not kept a second time here: the maps are the truth.
final class RuleTable {
    private let maps: DatapathMaps
    private let control: ControlBlock
    private let gate: Gate
    private let ipv6SourcePrefix: Int

    init(_ maps: DatapathMaps, control: ControlBlock) throws(BPFError) {
        self.maps = maps
        self.control = control
        gate = try Gate(maps, control: control)
        ipv6SourcePrefix = Int(control.config.ipv6_prefix)
    }

    /// Where a rule stands.
    private enum Place {
        case exact4(BPFMap, UInt32)
        case exact6(BPFMap, Exact6KeyABI)
        case prefix4(BPFMap, Prefix4KeyABI)
        case prefix6(BPFMap, Prefix6KeyABI)
        case scope(ScopeKeyABI)
    }

    /// A set of rule maps, with the gate bits that lead there.
    private struct Shelf {
        var layer: DatapathMaps.Layer
        var exact: gate_bit
        var prefix: gate_bit
    }

    private func shelf(_ rule: Rule) -> Shelf {
        switch (rule.action, rule.origin) {
        case (.limit, _): Shelf(layer: maps.limit, exact: GATE_LIMIT_EXACT, prefix: GATE_LIMIT_PREFIX)
        case (_, .manual): Shelf(layer: maps.manual, exact: GATE_MANUAL_EXACT, prefix: GATE_MANUAL_PREFIX)
        case (_, .automatic):
            Shelf(layer: maps.automatic, exact: GATE_AUTOMATIC_EXACT, prefix: GATE_AUTOMATIC_PREFIX)
        }
    }

    private func place(_ rule: Rule) -> (place: Place, prefix: Prefix?, bit: gate_bit) {
        let prefix: Prefix
        switch rule.match {
        case .source(let source): prefix = source
        case .scope(let scope): return (.scope(ScopeKeyABI(scope)), nil, gate_bit(0))
        }
        let isIPv4 = prefix.address.isIPv4
        if rule.action == .allow {
            return (
                isIPv4 ? .prefix4(maps.allow4, prefix.prefix4) : .prefix6(maps.allow6, prefix.prefix6),
                prefix, GATE_ALLOW
            )
        }
        let shelf = shelf(rule)
        let layer = shelf.layer
        if isIPv4 {
            return prefix.isSingleAddress
                ? (.exact4(layer.exact4, prefix.exact4), prefix, shelf.exact)
                : (.prefix4(layer.prefix4, prefix.prefix4), prefix, shelf.prefix)
        }
        return prefix.isSingleAddress || prefix.length == ipv6SourcePrefix
            ? (.exact6(layer.exact6, prefix.exact6), prefix, shelf.exact)
            : (.prefix6(layer.prefix6, prefix.prefix6), prefix, shelf.prefix)
    }

    /// Puts rules in force; `expiry` is a rule's end on the monotonic clock, in nanoseconds, or 0 for never.
    func install(_ rules: [Rule], expiry: (Rule) -> UInt64) throws {
        var batches = Batches()
        // Bulk loads are of new rules; looking each one up first would double their time.
        let carriesOver = rules.count <= 1024
        for rule in rules {
            try rule.check()
            let (place, prefix, bit) = place(rule)
            // The gate first: a rule behind a closed gate would be without effect.
            if let prefix { gate.open(UInt8(bit.rawValue), for: prefix) }
            var value = RuleABI(rule, expires: expiry(rule))
            if carriesOver, let old = current(place), old.id == rule.id { value.carryOver(old) }
            batches.add(place, value)
        }
        try batches.write(scope: maps.scope)
        if !batches.scopes.isEmpty { try countScopes() }
    }

    func remove(_ rules: [Rule]) throws {
        var scopes = false
        for rule in rules {
            let (place, prefix, _) = place(rule)
            switch place {
            case .exact4(let map, let key): try map.delete([key])
            case .exact6(let map, let key): try map.delete([key])
            case .prefix4(let map, let key): try map.delete([key])
            case .prefix6(let map, let key): try map.delete([key])
            case .scope(let key):
                try maps.scope.delete([key])
                scopes = true
            }
            if let prefix { gate.markStale(prefix) }
        }
        if scopes { try countScopes() }
    }

    /// Closes the gate where no rule needs it any more: worth calling now and then.
    func tidyGate() throws {
        guard !gate.isTidy else { return }
        var rules: [(prefix: Prefix, bits: UInt8)] = []
        try forEachSourceRule { prefix, bit, _ in rules.append((prefix, UInt8(bit.rawValue))) }
        gate.tidy(rules)
    }

    /// Values of all deny and limit rules.
    func values() throws -> [RuleABI] {
        var result: [RuleABI] = []
        try forEachSourceRule { _, bit, value in
            if bit != GATE_ALLOW { result.append(value) }
        }
        result += try maps.scope.entries(ScopeKeyABI(), RuleABI()).map(\.value)
        return result
    }

    /// Removes every rule but these.
    ///
    /// Told apart by where they stand, not by id: after a lost database, ids begin anew.
    func removeAll(except wanted: [Rule]) throws {
        var kept = Kept()
        for rule in wanted { kept.insert(place(rule).place) }
        for layer in [maps.manual, maps.automatic, maps.limit] {
            try remove(from: layer.exact4, UInt32(), except: kept) { Prefix($0) }
            try remove(from: layer.exact6, Exact6KeyABI(), except: kept) { Prefix($0) }
            try remove(from: layer.prefix4, Prefix4KeyABI(), except: kept) { Prefix($0) }
            try remove(from: layer.prefix6, Prefix6KeyABI(), except: kept) { Prefix($0) }
        }
        try remove(from: maps.allow4, Prefix4KeyABI(), except: kept) { Prefix($0) }
        try remove(from: maps.allow6, Prefix6KeyABI(), except: kept) { Prefix($0) }
        try remove(from: maps.scope, ScopeKeyABI(), except: kept) { _ in nil }
        try countScopes()
    }

    private func remove<Key: BitwiseCopyable>(
        from map: BPFMap, _ anyKey: Key, except kept: Kept, source: (Key) -> Prefix?
    ) throws {
        let unwanted = try map.entries(anyKey, RuleABI()).map(\.key).filter { !kept.contains($0, in: map) }
        try map.delete(unwanted)
        for prefix in unwanted.compactMap(source) { gate.markStale(prefix) }
    }

    /// Keys by map, as bytes, which all kinds of them have in common.
    private struct Kept {
        private var keys: [String: Set<[UInt8]>] = [:]

        mutating func insert(_ place: Place) {
            switch place {
            case .exact4(let map, let key): insert(key, of: map.name)
            case .exact6(let map, let key): insert(key, of: map.name)
            case .prefix4(let map, let key): insert(key, of: map.name)
            case .prefix6(let map, let key): insert(key, of: map.name)
            case .scope(let key): insert(key, of: "limit_scope")
            }
        }

        func contains<Key: BitwiseCopyable>(_ key: Key, in map: BPFMap) -> Bool {
            keys[map.name]?.contains(Self.bytes(key)) ?? false
        }

        private mutating func insert<Key: BitwiseCopyable>(_ key: Key, of map: String) {
            keys[map, default: []].insert(Self.bytes(key))
        }

        private static func bytes<Key: BitwiseCopyable>(_ key: Key) -> [UInt8] {
            unsafe withUnsafeBytes(of: key) { unsafe Array($0) }
        }
    }

    private func countScopes() throws {
        control.setScopedRules(try maps.scope.entries(ScopeKeyABI(), RuleABI()).count)
    }

    private func current(_ place: Place) -> RuleABI? {
        switch place {
        case .exact4(let map, let key): map.value(at: key, RuleABI())
        case .exact6(let map, let key): map.value(at: key, RuleABI())
        case .prefix4(let map, let key): map.value(at: key, RuleABI())
        case .prefix6(let map, let key): map.value(at: key, RuleABI())
        case .scope(let key): maps.scope.value(at: key, RuleABI())
        }
    }

    private func forEachSourceRule(_ body: (Prefix, gate_bit, RuleABI) -> Void) throws {
        let shelves = [
            Shelf(layer: maps.manual, exact: GATE_MANUAL_EXACT, prefix: GATE_MANUAL_PREFIX),
            Shelf(layer: maps.automatic, exact: GATE_AUTOMATIC_EXACT, prefix: GATE_AUTOMATIC_PREFIX),
            Shelf(layer: maps.limit, exact: GATE_LIMIT_EXACT, prefix: GATE_LIMIT_PREFIX),
        ]
        for shelf in shelves {
            for (key, value) in try shelf.layer.exact4.entries(UInt32(), RuleABI()) {
                body(Prefix(key), shelf.exact, value)
            }
            for (key, value) in try shelf.layer.exact6.entries(Exact6KeyABI(), RuleABI()) {
                body(Prefix(key), shelf.exact, value)
            }
            for (key, value) in try shelf.layer.prefix4.entries(Prefix4KeyABI(), RuleABI()) {
                body(Prefix(key), shelf.prefix, value)
            }
            for (key, value) in try shelf.layer.prefix6.entries(Prefix6KeyABI(), RuleABI()) {
                body(Prefix(key), shelf.prefix, value)
            }
        }
        for (key, value) in try maps.allow4.entries(Prefix4KeyABI(), RuleABI()) {
            body(Prefix(key), GATE_ALLOW, value)
        }
        for (key, value) in try maps.allow6.entries(Prefix6KeyABI(), RuleABI()) {
            body(Prefix(key), GATE_ALLOW, value)
        }
    }

    /// Rules sorted by the map they go to, so that each map takes one system call.
    private struct Batches {
        private var exact4: [ObjectIdentifier: (map: BPFMap, keys: [UInt32], values: [RuleABI])] = [:]
        private var exact6: [ObjectIdentifier: (map: BPFMap, keys: [Exact6KeyABI], values: [RuleABI])] = [:]
        private var prefix4: [ObjectIdentifier: (map: BPFMap, keys: [Prefix4KeyABI], values: [RuleABI])] = [:]
        private var prefix6: [ObjectIdentifier: (map: BPFMap, keys: [Prefix6KeyABI], values: [RuleABI])] = [:]
        private(set) var scopes: [ScopeKeyABI] = []
        private var scopeValues: [RuleABI] = []

        mutating func add(_ place: Place, _ value: RuleABI) {
            switch place {
            case .exact4(let map, let key): Self.add(key, value, of: map, to: &exact4)
            case .exact6(let map, let key): Self.add(key, value, of: map, to: &exact6)
            case .prefix4(let map, let key): Self.add(key, value, of: map, to: &prefix4)
            case .prefix6(let map, let key): Self.add(key, value, of: map, to: &prefix6)
            case .scope(let key):
                scopes.append(key)
                scopeValues.append(value)
            }
        }

        private static func add<Key>(
            _ key: Key, _ value: RuleABI, of map: BPFMap,
            to batches: inout [ObjectIdentifier: (map: BPFMap, keys: [Key], values: [RuleABI])]
        ) {
            batches[ObjectIdentifier(map), default: (map, [], [])].keys.append(key)
            batches[ObjectIdentifier(map)]?.values.append(value)
        }

        func write(scope: BPFMap) throws {
            for batch in exact4.values { try batch.map.update(batch.keys, batch.values) }
            for batch in exact6.values { try batch.map.update(batch.keys, batch.values) }
            for batch in prefix4.values { try batch.map.update(batch.keys, batch.values) }
            for batch in prefix6.values { try batch.map.update(batch.keys, batch.values) }
            try scope.update(scopes, scopeValues)
        }
    }
}
