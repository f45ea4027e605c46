package import Traffic

// What operators ask for. Manual rules are enforced in every mode, and are above automatic ones.
extension Policy {
    /// Longest duration that can be given by hand; without one, a rule ends only by hand.
    package static let longestManualDuration: Duration = .seconds(10 * 365 * 86400)

    /// Bans a source by hand; who `insists` bans what is protected, too.
    ///
    /// Of two bans by hand of the same prefix, the one that ends later holds: a list's ban without end is not made shorter by a
    /// ban of ten minutes for another reason. To shorten one, lift it first.
    package mutating func ban(
        _ prefix: Prefix, for duration: Duration?, reason: String?, insists: Bool = false, at now: Timestamp
    ) throws(Refusal) -> (Sanction, Changes) {
        try check(ban: prefix, for: duration, insists: insists, at: now)
        let expires = try end(of: duration, from: now)
        var rule = Rule(id: 0, match: .source(prefix), action: .deny, origin: .manual, expires: expires)
        let old = sanctionsInForce[Slot(rule)]
        if let old, Self.isLonger(old.sanction.rule.expires, than: expires) {
            return (old.sanction, Changes())
        }
        rule.id = old?.sanction.rule.id ?? makeRuleID()
        var sanction = Sanction(
            rule: rule, since: now, reason: reason ?? "manual", summary: "banned by hand",
            dropped: old?.sanction.dropped ?? Count(), lastHit: old?.sanction.lastHit)
        sanction.configuration = configuration
        var changes = Changes()
        guard makeRoom(for: sanction, at: now, &changes) else {
            throw Refusal(
                .noRoom, "no room for one more ban by hand: there are \(room.sources) rules on sources",
                hint: "raise rule_table.slots, or ban prefixes instead of addresses")
        }
        pardons[prefix] = nil
        supersede(&changes) { $0.bans(prefix) }
        impose(sanction, counter: old?.content.counter ?? Count(), &changes)
        changes.events.append(.imposed(sanction))
        return (sanction, changes)
    }

    /// Whether what ends at the first time, or never, goes on when what ends at the second is over.
    private static func isLonger(_ end: Timestamp?, than other: Timestamp?) -> Bool {
        guard let other else { return false }
        return end.map { $0 > other } ?? true
    }

    /// Throws what `ban` would.
    package func check(
        ban prefix: Prefix, for duration: Duration?, insists: Bool = false, at now: Timestamp
    ) throws(Refusal) {
        _ = try end(of: duration, from: now)
        if let refusal = refusal(of: prefix, by: .manual, insists: insists) { throw refusal }
    }

    /// Lifts every ban and limit on exactly this prefix, whoever made it; its offences are forgotten, and
    /// verdicts do not ban it again for the length of a first ban.
    package mutating func unban(_ prefix: Prefix, at now: Timestamp) throws(Refusal) -> ([Sanction], Changes)
    {
        let (lifted, refusals, changes) = unban([prefix], at: now)
        if let refusal = refusals.first { throw refusal.value }
        return (lifted, changes)
    }

    /// Lifts the bans and limits on all of these prefixes that have any; the others are refused.
    ///
    /// With a `reason`, only bans by hand that have it: so that who bans for a time does not lift what somebody else banned.
    package mutating func unban(
        _ prefixes: [Prefix], reason: String? = nil, at now: Timestamp
    ) -> (lifted: [Sanction], refusals: [Prefix: Refusal], Changes) {
        let wanted = Set(prefixes)
        // Rules on sources are looked up; only those on what is attacked, which are few, are looked through.
        let scoped = sanctionsInForce.slots.filter {
            if case .scope = $0.match { wanted.contains($0.match.prefix) } else { false }
        }
        let meant = (wanted.flatMap(Slot.all(on:)) + scoped).compactMap { sanctionsInForce[$0]?.sanction }
            .filter { reason == nil || ($0.rule.origin == .manual && $0.reason == reason) }
        let found = Dictionary(grouping: meant.sorted { $0.rule.id < $1.rule.id }, by: \.prefix)
        var refusals: [Prefix: Refusal] = [:]
        var changes = Changes()
        var lifted: [Sanction] = []
        for prefix in wanted.sorted() {
            guard let sanctions = found[prefix] else {
                refusals[prefix] = notBanned(prefix, reason: reason)
                continue
            }
            for sanction in sanctions { end(sanction, .lifted, at: now, &changes) }
            lifted += sanctions
            // Who takes back his own ban says nothing of what others have against the source.
            if reason != nil { continue }
            offences.forget(prefix)
            pardons[prefix] = now + settings.banDuration
        }
        return (lifted, refusals, changes)
    }

    private func notBanned(_ prefix: Prefix, reason: String?) -> Refusal {
        let wider = sanctions(coveringSource: prefix).first { $0.prefix != prefix }
        return Refusal(
            .notFound, "\(prefix) is not banned" + (reason.map { " by hand because of `\($0)`" } ?? ""),
            hint: wider.map {
                "\($0.prefix) is, which contains it: unban that, or add \(prefix) to the allow-list"
            })
    }

    /// Adds to the allow-list, and lifts every ban and limit that the entry covers and every automatic one it
    /// touches.
    ///
    /// Prefixes as wide as no ban may be, which would switch off what the agent is there for, only for whoever `insists`.
    package mutating func allow(
        _ prefix: Prefix, for duration: Duration?, reason: String?, insists: Bool = false, at now: Timestamp
    ) throws(Refusal) -> (AllowEntry, lifted: [Sanction], Changes) {
        let (entries, lifted, changes) = try allow(
            [prefix], for: duration, reason: reason, insists: insists, at: now)
        return (entries[0], lifted, changes)
    }

    /// The same for many, with one look at what is in force; an entry for each.
    package mutating func allow(
        _ prefixes: [Prefix], for duration: Duration?, reason: String?, insists: Bool = false,
        at now: Timestamp
    ) throws(Refusal) -> ([AllowEntry], lifted: [Sanction], Changes) {
        let expires = try end(of: duration, from: now)
        if !insists { for prefix in prefixes { try Self.check(allow: prefix) } }
        var changes = Changes()
        var entries: [AllowEntry] = []
        for prefix in prefixes {
            if let entry = allowed[prefix], entry.origin == .configuration {
                entries.append(entry)
                continue
            }
            let entry = AllowEntry(
                ruleID: allowed[prefix]?.ruleID ?? makeRuleID(), prefix: prefix, origin: .manual, since: now,
                expires: expires, reason: reason)
            admit(entry, &changes)
            changes.events.append(.allowed(entry))
            entries.append(entry)
        }
        let covered = PrefixSet(prefixes)
        supersede(&changes) { $0.allows(covered) }
        return (entries, liftAllowed(covered, at: now, &changes), changes)
    }

    /// Throws if an entry of the allow-list is a mistake rather than a wish.
    static func check(allow prefix: Prefix) throws(Refusal) {
        guard prefix.isTooWide else { return }
        let widest = prefix.address.isIPv4 ? Width.manual.ipv4 : Width.manual.ipv6
        throw Refusal(
            .tooWide, "\(prefix) is wider than /\(widest): nothing from there would be dropped any more",
            hint: "to let it all pass even so: --force")
    }

    /// Lifts what entries of the allow-list leave no sense in: bans and limits that they cover, and automatic ones that
    /// they touch.
    @discardableResult
    mutating func liftAllowed(
        _ prefixes: PrefixSet, at now: Timestamp, _ changes: inout Changes
    ) -> [Sanction] {
        lift(.allowed, at: now, &changes) { sanction in
            if sanction.asksEverybody { return false }
            return sanction.rule.origin == .manual
                ? prefixes.contains(sanction.prefix) : prefixes.overlaps(sanction.prefix)
        }
    }

    /// Takes an entry off the allow-list.
    package mutating func disallow(_ prefix: Prefix) throws(Refusal) -> (AllowEntry, Changes) {
        guard let entry = allowed[prefix] else {
            if let protected = protection(where: { $0 == prefix }) {
                throw Refusal(
                    .protected, "\(prefix) is protected: it is \(protected.reason)",
                    hint: "sluice protect list")
            }
            throw Refusal(.notFound, "\(prefix) is not on the allow-list", hint: "sluice allow list")
        }
        guard entry.origin == .manual else {
            throw Refusal(
                .configured, "\(prefix) stands in the configuration",
                hint: "remove it from `allow` there, then: sluice reload")
        }
        var changes = Changes()
        dismiss(entry, &changes)
        return (entry, changes)
    }

    /// Puts an entry on the allow-list.
    mutating func admit(_ entry: AllowEntry, _ changes: inout Changes) {
        allowed[entry.prefix] = entry
        allowIDs.insert(entry.ruleID)
        noteEnd(entry.expires)
        changes.install.append(entry.rule)
    }

    /// Takes an entry off the allow-list.
    mutating func dismiss(_ entry: AllowEntry, _ changes: inout Changes) {
        allowed[entry.prefix] = nil
        allowIDs.remove(entry.ruleID)
        changes.remove.append(entry.rule)
        changes.events.append(.disallowed(entry))
    }

    /// Ends the sanctions that `isCovered` picks, and returns them.
    @discardableResult
    mutating func lift(
        _ ending: Event.Ending, at now: Timestamp, _ changes: inout Changes,
        where isCovered: (Sanction) -> Bool
    ) -> [Sanction] {
        let lifted = sanctions(where: isCovered)
        for sanction in lifted { end(sanction, ending, at: now, &changes) }
        return lifted
    }

    func end(of duration: Duration?, from now: Timestamp) throws(Refusal) -> Timestamp? {
        guard let duration else { return nil }
        guard duration > .zero, duration <= Self.longestManualDuration else {
            throw Refusal(
                .invalidDuration, "a duration must be longer than nothing and at most ten years",
                hint: "without a duration it lasts until it is lifted")
        }
        return now + duration
    }
}
