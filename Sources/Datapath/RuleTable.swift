import BPF
import CSluiceABI
import Traffic

/// The rules in the kernel.
///
/// They are not kept a second time here: the maps are the truth.
final class RuleTable {
    private let maps: DatapathMaps
    private let control: ControlBlock
    private let exact: ExactTable
    private let gate: Gate
    private let scopeGate: ScopeGate
    private let ipv6SourcePrefix: Int

    init(_ maps: DatapathMaps, control: ControlBlock) throws(BPFError) {
        self.maps = maps
        self.control = control
        exact = try ExactTable(maps, config: control.config)
        gate = Gate(maps, control: control)
        scopeGate = try ScopeGate(maps)
        ipv6SourcePrefix = Int(control.config.ipv6_prefix)
    }

    /// Whether rules for a prefix stand in the exact table.
    private func isExact(_ prefix: Prefix) -> Bool {
        prefix.isSingleAddress || !prefix.address.isIPv4 && prefix.length == ipv6SourcePrefix
    }

    /// Puts rules in force; `expiry` is a rule's end on the monotonic clock, in nanoseconds, or 0 for never.
    func install(_ rules: [Rule], expiry: (Rule) -> UInt64) throws {
        for rule in rules { try rule.check() }
        try checkRoom(rules)
        defer { gate.rest() }
        var tries = TrieBatches()
        // Bulk loads are of new rules; looking each one up first would double their time.
        let carriesOver = rules.count <= 1024
        for rule in rules {
            let place = RulePlace(rule)
            var value = RuleABI(rule, expires: expiry(rule))
            if case .source(let prefix) = place.match {
                let bit = bit(of: place.kind, prefix)
                // The gate first: a rule behind a closed gate would be without effect.
                try gate.open(UInt8(bit.rawValue), for: prefix)
                if let kind = place.kind, isExact(prefix) {
                    try exact.install(value, for: prefix, kind)
                    continue
                }
            }
            if case .scope(let scope) = place.match, let kind = place.kind { scopeGate.open(scope, kind) }
            if carriesOver, let old = current(place), old.rest.id == rule.id { value.carryOver(old) }
            tries.add(place, value)
        }
        try tries.write(to: maps)
        if !tries.scopes.keys.isEmpty { try countScopes() }
    }

    /// Refuses rules for more addresses than there is room for, before the first of them is in force.
    private func checkRoom(_ rules: [Rule]) throws {
        guard rules.count > exact.room else { return }
        let new = rules.count { rule in
            let place = RulePlace(rule)
            guard case .source(let prefix) = place.match, let kind = place.kind, isExact(prefix) else {
                return false
            }
            return !exact.contains(prefix, kind)
        }
        guard new > exact.room else { return }
        throw DatapathError(
            "no room for \(new) more rules on single addresses: there is for \(exact.room) of \(exact.capacity); "
                + "raise rule_table.slots")
    }

    func remove(_ rules: [Rule]) throws { try remove(rules.map { RulePlace($0) }) }

    /// To be called when every program that ran at the last removal has ended.
    func reclaim() { exact.reclaim() }

    private func remove(_ places: [RulePlace]) throws {
        var scopes = false
        for place in places {
            switch place.match {
            case .source(let prefix):
                if let kind = place.kind, isExact(prefix) {
                    exact.remove(prefix, kind)
                } else if prefix.address.isIPv4 {
                    try maps.prefix4(place.kind).delete([prefix.prefix4])
                } else {
                    try maps.prefix6(place.kind).delete([prefix.prefix6])
                }
                gate.markStale(prefix)
            case .scope(let scope):
                guard let kind = place.kind else { continue }
                try maps.scopes.delete([ScopeKeyABI(scope, kind: kind)])
                scopes = true
            }
        }
        if scopes { try countScopes() }
    }

    /// Closes the gate where no rule needs it any more: worth calling now and then.
    func tidyGate() throws {
        guard !gate.isTidy else { return }
        var rules: [(prefix: Prefix, bits: UInt8)] = []
        try forEach { place, _ in
            guard case .source(let prefix) = place.match else { return }
            rules.append((prefix, UInt8(bit(of: place.kind, prefix).rawValue)))
        }
        try gate.tidy(rules)
    }

    /// Values of all deny and limit rules.
    func values() throws -> [RuleABI] {
        var result: [RuleABI] = []
        try forEach { place, value in
            if place.kind != nil { result.append(value) }
        }
        return result
    }

    /// Removes every rule but these.
    ///
    /// Told apart by where they stand, not by id: after a lost database, ids begin anew.
    func removeAll(except wanted: [Rule]) throws {
        let kept = Set(wanted.map { RulePlace($0) })
        var unwanted: [RulePlace] = []
        try forEach { place, _ in
            if !kept.contains(place) { unwanted.append(place) }
        }
        try remove(unwanted)
        try countScopes()
    }

    /// Puts in force what of `wanted`, all rules of this part, is missing or different, and removes what else is there.
    ///
    /// Ends are not compared: when the wall clock is set, no ban may outlive its time for it.
    func mend(_ wanted: [Rule], in part: RulePart, expiry: (Rule) -> UInt64) throws -> RuleDrift {
        exact.reread()
        var missing = Dictionary(wanted.map { (RulePlace($0), $0) }) { first, _ in first }
        var unknown: [RulePlace] = []
        try forEach { place, value in
            guard part.contains(value.rest.id) else { return }
            if let rule = missing[place], rule.id == value.rest.id {
                if RuleABI(rule, expires: 0).doesTheSame(as: value) { missing[place] = nil }
            } else {
                unknown.append(place)
            }
        }
        if !unknown.isEmpty { try remove(unknown) }
        if !missing.isEmpty { try install(missing.values.sorted { $0.id < $1.id }, expiry: expiry) }
        return RuleDrift(missing: missing.count, unknown: unknown.count)
    }

    private func bit(of kind: RuleKind?, _ prefix: Prefix) -> gate_bit {
        guard let kind else { return GATE_ALLOW }
        return isExact(prefix) ? kind.exactBit : kind.prefixBit
    }

    private func countScopes() throws {
        let scopes = try maps.scopes.entries(ScopeKeyABI(), RuleABI())
        scopeGate.close(except: scopes.map { (Rule.Scope($0.key), RuleKind($0.value)) })
        control.setScopedRules(scopes.count)
    }

    /// The value of a rule that stands in a trie.
    private func current(_ place: RulePlace) -> RuleABI? {
        switch (place.match, place.kind) {
        case (.source(let prefix), let kind):
            prefix.address.isIPv4
                ? maps.prefix4(kind).value(at: prefix.prefix4, RuleABI())
                : maps.prefix6(kind).value(at: prefix.prefix6, RuleABI())
        case (.scope(let scope), let kind?):
            maps.scopes.value(at: ScopeKeyABI(scope, kind: kind), RuleABI())
        case (.scope, nil): nil
        }
    }

    private func forEach(_ body: (RulePlace, RuleABI) -> Void) throws {
        exact.forEach { prefix, value in
            body(RulePlace(kind: RuleKind(value), match: .source(prefix)), value)
        }
        for kind in RuleKind.allCases + [nil] {
            for (key, value) in try maps.prefix4(kind).entries(Prefix4KeyABI(), RuleABI()) {
                body(RulePlace(kind: kind, match: .source(Prefix(key))), value)
            }
            for (key, value) in try maps.prefix6(kind).entries(Prefix6KeyABI(), RuleABI()) {
                body(RulePlace(kind: kind, match: .source(Prefix(key))), value)
            }
        }
        for (key, value) in try maps.scopes.entries(ScopeKeyABI(), RuleABI()) {
            body(RulePlace(kind: RuleKind(value), match: .scope(Rule.Scope(key))), value)
        }
    }
}

/// Rules on their way to tries, sorted by where they go, so that each trie takes one system call.
private struct TrieBatches {
    struct Batch<Key: BitwiseCopyable> {
        var keys: [Key] = []
        var values: [RuleABI] = []

        mutating func add(_ key: Key, _ value: RuleABI) {
            keys.append(key)
            values.append(value)
        }
    }

    private var prefix4: [RuleKind?: Batch<Prefix4KeyABI>] = [:]
    private var prefix6: [RuleKind?: Batch<Prefix6KeyABI>] = [:]
    private(set) var scopes = Batch<ScopeKeyABI>()

    mutating func add(_ place: RulePlace, _ value: RuleABI) {
        switch (place.match, place.kind) {
        case (.source(let prefix), let kind):
            if prefix.address.isIPv4 {
                prefix4[kind, default: Batch()].add(prefix.prefix4, value)
            } else {
                prefix6[kind, default: Batch()].add(prefix.prefix6, value)
            }
        case (.scope(let scope), let kind?): scopes.add(ScopeKeyABI(scope, kind: kind), value)
        case (.scope, nil): break
        }
    }

    func write(to maps: DatapathMaps) throws {
        for (kind, batch) in prefix4 { try maps.prefix4(kind).update(batch.keys, batch.values) }
        for (kind, batch) in prefix6 { try maps.prefix6(kind).update(batch.keys, batch.values) }
        try maps.scopes.update(scopes.keys, scopes.values)
    }
}
