package import Traffic

// What the machine and its operators need, and what that means for rules.
extension Policy {
    /// So many prefixes may be protected by name: each is looked at for each new rule.
    package static let mostNamed = 1000

    /// Replaces what the agent found on its machine, and lifts automatic rules that touch that; without what is vital the machine
    /// would be cut off, so bans by hand on that are lifted, too.
    package mutating func protect(_ found: [ProtectedPrefix], at now: Timestamp) -> Changes {
        let wanted = found + named
        guard wanted != protected else { return Changes() }
        protected = wanted
        var changes = Changes()
        lift(.protected, at: now, &changes) { sanction in
            !sanction.asksEverybody
                && found.contains {
                    $0.prefix.overlaps(sanction.prefix) && ($0.isVital || sanction.rule.origin == .automatic)
                }
        }
        return changes
    }

    /// What operators protect by name.
    private var named: [ProtectedPrefix] { protected.filter { $0.named != nil } }

    /// Adds what operators protect by name, in place of what they said of the same prefixes before.
    mutating func name(_ prefixes: [ProtectedPrefix]) {
        let replaced = Set(prefixes.map(\.prefix))
        protected.removeAll { $0.named != nil && replaced.contains($0.prefix) }
        protected += prefixes
    }

    /// Protects a prefix by name: no automatic rule is made on it, nor on anything around or in it, until it is taken off again;
    /// one by hand only where that is insisted on.
    ///
    /// Automatic rules on it are lifted. Other than the allow-list it lets nothing pass: a limit on a service that
    /// is under attack counts its packets like all others.
    package mutating func protect(
        _ prefix: Prefix, reason: String?, at now: Timestamp
    ) throws(Refusal) -> (ProtectedPrefix, lifted: [Sanction], Changes) {
        if prefix.isTooWide {
            let widest = prefix.address.isIPv4 ? Width.manual.ipv4 : Width.manual.ipv6
            throw Refusal(.tooWide, "\(prefix) is too wide to be protected: at most /\(widest)")
        }
        let touching = sanctions { !$0.asksEverybody && $0.prefix.overlaps(prefix) }
        if let ban = touching.first(where: { $0.rule.origin == .manual }) {
            throw Refusal(
                .banned, "\(prefix) cannot be protected: \(ban.prefix) is banned by hand",
                hint: "sluice unban \(ban.prefix)")
        }
        let others = named.count { $0.prefix != prefix }
        guard others < Self.mostNamed else {
            throw Refusal(
                .tooWide, "\(Self.mostNamed) prefixes are protected by name already",
                hint: "protect networks rather than addresses")
        }
        let entry = ProtectedPrefix(
            prefix: prefix, reason: reason.map { "protected by hand (\($0))" } ?? "protected by hand",
            named: now)
        name([entry])
        var changes = Changes()
        changes.events.append(.protected(entry))
        for sanction in touching { end(sanction, .protected, at: now, &changes) }
        return (entry, touching, changes)
    }

    /// Takes off what was protected by name.
    package mutating func unprotect(_ prefix: Prefix) throws(Refusal) -> (ProtectedPrefix, Changes) {
        guard let entry = named.first(where: { $0.prefix == prefix }) else {
            if let found = protection(where: { $0 == prefix }) {
                throw Refusal(
                    .protected, "\(prefix) is protected by the agent itself: it is \(found.reason)")
            }
            throw Refusal(.notFound, "\(prefix) is not protected by name", hint: "sluice protect list")
        }
        protected.removeAll { $0 == entry }
        var changes = Changes()
        changes.events.append(.unprotected(entry))
        return (entry, changes)
    }
}
