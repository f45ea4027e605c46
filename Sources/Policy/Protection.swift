package import Traffic

// What the machine and its operators need, and what that means for rules.
extension Policy {
    /// Replaces the addresses that are protected, and lifts what touches them.
    package mutating func protect(_ prefixes: [ProtectedPrefix], at now: Timestamp) -> Changes {
        guard prefixes != protected else { return Changes() }
        protected = prefixes
        var changes = Changes()
        lift(.protected, at: now, &changes) { sanction in
            prefixes.contains { $0.prefix.overlaps(sanction.prefix) }
        }
        letProtectedPass(&changes)
        return changes
    }

    /// Brings the data plane's rules for protected addresses to what is protected now.
    ///
    /// Limits towards an attacked service take everybody's packets; a rule makes them leave out those of gateways, resolvers
    /// and operators. It also lets pass who forges such an address, so there are none for whole networks, nor for the machine's
    /// own addresses, from which nothing honest arrives.
    mutating func letProtectedPass(_ changes: inout Changes) {
        let wanted = Set(protected.filter { $0.passes && $0.prefix.isSingleAddress }.map(\.prefix))
        for (prefix, id) in passes where !wanted.contains(prefix) || allowed[prefix] != nil {
            passes[prefix] = nil
            allowIDs.remove(id)
            if allowed[prefix] == nil { changes.remove.append(Self.pass(prefix, id: id)) }
        }
        for prefix in wanted.sorted() where passes[prefix] == nil && allowed[prefix] == nil {
            let id = makeRuleID()
            passes[prefix] = id
            allowIDs.insert(id)
            changes.install.append(Self.pass(prefix, id: id))
        }
    }

    /// The rules that let protected addresses pass.
    var passRules: [Rule] { passes.map { Self.pass($0.key, id: $0.value) } }

    private static func pass(_ prefix: Prefix, id: UInt32) -> Rule {
        Rule(id: id, match: .source(prefix), action: .allow, origin: .manual)
    }
}
