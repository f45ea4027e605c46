package import Traffic

extension Policy {
    /// Takes over a changed configuration; rules in force keep their ends.
    ///
    /// Another mode of a group, or of the rest, takes the place of one that was set at run time; the same one does not. Rules
    /// of groups that are no more are treated like the rest from then on.
    /// Entries of the allow-list that `allowing` no longer has are taken off, and new ones lift what they
    /// cover; those added at run time stay.
    package mutating func reconfigure(
        _ settings: PolicySettings, mode: Mode, groups: [PolicyGroup] = [], allowing prefixes: [Prefix],
        at now: Timestamp
    ) -> Changes {
        self.settings = settings
        var changes = Changes()
        for entry in allowList where entry.origin == .configuration && !prefixes.contains(entry.prefix) {
            dismiss(entry, &changes)
        }
        for prefix in prefixes where allowed[prefix]?.origin != .configuration {
            let entry = AllowEntry(
                ruleID: allowed[prefix]?.ruleID ?? makeRuleID(), prefix: prefix, origin: .configuration,
                since: now)
            admit(entry, &changes)
            changes.events.append(.allowed(entry))
            liftAllowed(PrefixSet([prefix]), at: now, &changes)
        }
        // After what was lifted: a rule that is removed and installed in one step would stay in force.
        changes += regroup(groups)
        if mode != configured {
            configured = mode
            changes += setMode(mode)
        }
        return changes
    }

    /// Puts other groups in the place of those that were.
    private mutating func regroup(_ new: [PolicyGroup]) -> Changes {
        guard new != groups else { return Changes() }
        let before = Dictionary(groups.map { ($0.name, $0.mode) }) { first, _ in first }
        groups = new
        grouping = Grouping(new.map(\.traffic), routes: grouping.routes)
        groupModes = groupModes.filter { name, _ in new.contains { $0.name == name } }
        var changes = Changes()
        for group in new where groupModes[group.name] == nil {
            groupModes[group.name] = group.mode
        }
        for group in new where before[group.name].map({ $0 != group.mode }) ?? false {
            changes += setMode(group.mode, of: group.name)
        }
        changes += followModes()
        return changes
    }
}
