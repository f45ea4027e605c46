import BPF
import CSluiceABI
import Traffic

/// The rules in the kernel.
///
/// They are not kept a second time here: the maps are the truth.
final class RuleTable {
    private let maps: DatapathMaps
    private let control: ControlBlock
    private let sources: SourceTable
    private let gate: Gate
    private let lengths: PrefixLengths
    private let scopeGate: ScopeGate

    init(_ maps: DatapathMaps, control: ControlBlock) throws(BPFError) {
        self.maps = maps
        self.control = control
        sources = try SourceTable(maps, config: control.config)
        gate = Gate(maps, control: control)
        lengths = PrefixLengths(maps)
        scopeGate = try ScopeGate(maps)
    }

    /// Puts rules in force; `expiry` is a rule's end on the monotonic clock, in nanoseconds, or 0 for never.
    ///
    /// - Returns: ids of automatic rules that there is no room for. What operators want is refused as a whole.
    func install(_ rules: [Rule], expiry: (Rule) -> UInt64) throws -> Set<UInt32> {
        for rule in rules { try rule.check() }
        try checkRoom(rules.filter(\.isByOperators))
        defer {
            gate.rest()
            lengths.rest()
        }
        var refused: Set<UInt32> = []
        var scopes: [ScopedRule] = []
        for rule in rules {
            let kind = RuleKind(rule)
            switch rule.match {
            case .source(let prefix):
                // These first: a rule behind a closed gate, or of a length that nobody looks for, would be without effect.
                try gate.open(kind.gateBit(prefix), for: prefix)
                try lengths.open(prefix)
                let value = RuleABI(rule, expires: expiry(rule))
                if try !put(value, on: prefix, rule) { refused.insert(rule.id) }
            case .scope(let scope):
                scopeGate.open(scope, kind)
                let key = ScopeKeyABI(scope, kind: kind)
                var value = ScopeRuleABI(rule, expires: expiry(rule))
                if let old = maps.scopes.value(at: key, ScopeRuleABI()), old.rule.rest.id == rule.id {
                    value.carryOver(old)
                }
                scopes.append(ScopedRule(rule: rule, key: key, value: value))
            }
        }
        guard !scopes.isEmpty else { return refused }
        defer { try? countScopes() }
        // A batch ends at the first that does not fit; others may, which stand in the table already.
        if try !put(scopes) {
            for scope in scopes where try !put([scope]) {
                if scope.rule.isByOperators {
                    throw DatapathError("no room for rule \(scope.rule.id): the table of scopes is full")
                }
                refused.insert(scope.rule.id)
            }
        }
        return refused
    }

    /// - Returns: `false` if an automatic rule found no place.
    private func put(_ value: RuleABI, on prefix: Prefix, _ rule: Rule) throws -> Bool {
        do {
            try sources.install(value, for: prefix, RuleKind(rule))
            return true
        } catch {
            guard error is DatapathError, !rule.isByOperators else { throw error }
            return false
        }
    }

    private struct ScopedRule {
        var rule: Rule
        var key: ScopeKeyABI
        var value: ScopeRuleABI
    }

    /// - Returns: `false` if not all of them found a place.
    private func put(_ scopes: [ScopedRule]) throws(BPFError) -> Bool {
        do {
            try maps.scopes.update(scopes.map(\.key), scopes.map(\.value))
            return true
        } catch {
            guard error.isFull else { throw error }
            return false
        }
    }

    /// Refuses more rules on sources than there is room for, before the first of them is in force.
    private func checkRoom(_ rules: [Rule]) throws {
        var new = SourceTable.Capacity(allow: 0, others: 0)
        for rule in rules { if case .source = rule.match { new[RuleKind(rule)] += 1 } }
        // Looking each one up is worth it only where it matters.
        guard !sources.hasRoom(for: new) else { return }
        new = SourceTable.Capacity(allow: 0, others: 0)
        for rule in rules {
            let kind = RuleKind(rule)
            if case .source(let prefix) = rule.match, !sources.contains(prefix, kind) { new[kind] += 1 }
        }
        try sources.checkRoom(for: new)
    }

    func remove(_ rules: [Rule]) throws { try remove(rules.map { RulePlace($0) }) }

    /// To be called when every program that ran at the last removal has ended.
    func reclaim() { sources.reclaim() }

    private func remove(_ places: [RulePlace]) throws {
        var scopes: [ScopeKeyABI] = []
        for place in places {
            switch place.match {
            case .source(let prefix):
                sources.remove(prefix, place.kind)
                gate.markStale(prefix)
                lengths.markStale(prefix)
            case .scope(let scope): scopes.append(ScopeKeyABI(scope, kind: place.kind))
            }
        }
        guard !scopes.isEmpty else { return }
        try maps.scopes.delete(scopes)
        try countScopes()
    }

    /// Closes the gate where no rule needs it any more, and forgets lengths of prefixes: worth calling now and then.
    func tidyGate() throws {
        guard !gate.isTidy else { return }
        var rules: [(prefix: Prefix, bits: UInt8)] = []
        sources.forEach { prefix, value in rules.append((prefix, RuleKind(value).gateBit(prefix))) }
        try gate.tidy(rules)
        try lengths.close(except: rules.lazy.map(\.prefix))
    }

    /// Values of all rules but those of the allow-list.
    func values() throws -> [ScopeRuleABI] {
        var result: [ScopeRuleABI] = []
        try forEach { place, value in
            if place.kind != .allow { result.append(value) }
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
        sources.reread()
        var missing = Dictionary(wanted.map { (RulePlace($0), $0) }) { first, _ in first }
        var unknown: [RulePlace] = []
        try forEach { place, value in
            guard part.contains(value.rule.rest.id) else { return }
            if let rule = missing[place], rule.id == value.rule.rest.id {
                if ScopeRuleABI(rule, expires: 0).doesTheSame(as: value) { missing[place] = nil }
            } else {
                unknown.append(place)
            }
        }
        if !unknown.isEmpty { try remove(unknown) }
        let refused =
            try missing.isEmpty
            ? [] : install(missing.values.sorted { $0.id < $1.id }, expiry: expiry)
        var drift = RuleDrift(missing: missing.count - refused.count, unknown: unknown.count)
        drift.refused = refused
        return drift
    }

    private func countScopes() throws {
        let scopes = try maps.scopes.entries(ScopeKeyABI(), ScopeRuleABI())
        let kinds = scopes.map { RuleKind($0.value) }
        scopeGate.close(except: zip(scopes, kinds).map { (Rule.Scope($0.key), $1) })
        let prove = kinds.count { $0 == .manualProve || $0 == .automaticProve }
        control.setScopedRules(scopes.count - prove, prove: prove)
    }

    private func forEach(_ body: (RulePlace, ScopeRuleABI) -> Void) throws {
        sources.forEach { prefix, value in
            var whole = ScopeRuleABI()
            whole.rule = value
            // In scopes these bits say something else than of a source.
            whole.rule.head.flags &= ~UInt8(RULE_PROVE.rawValue | RULE_SILENT.rawValue)
            body(RulePlace(kind: RuleKind(value), match: .source(prefix)), whole)
        }
        for (key, value) in try maps.scopes.entries(ScopeKeyABI(), ScopeRuleABI()) {
            body(RulePlace(kind: RuleKind(value), match: .scope(Rule.Scope(key))), value)
        }
    }
}

extension Rule {
    /// Whether somebody asked for it: what there is no room for is then an error.
    fileprivate var isByOperators: Bool { action == .allow || origin == .manual }
}
