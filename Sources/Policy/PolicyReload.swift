package import Traffic

extension Policy {
    /// Takes over a changed configuration; rules in force keep their ends.
    ///
    /// Another `mode` takes the place of one that was set at run time; the same one does not.
    /// Entries of the allow-list that `allowing` no longer has are taken off, and new ones lift what they
    /// cover; those added at run time stay.
    package mutating func reconfigure(
        _ settings: PolicySettings, mode: Mode, allowing prefixes: [Prefix], at now: Timestamp
    ) -> Changes {
        self.settings = settings
        var changes = Changes()
        if mode != configured {
            configured = mode
            changes = setMode(mode)
        }
        for entry in allowList where entry.origin == .configuration && !prefixes.contains(entry.prefix) {
            dismiss(entry, &changes)
        }
        for prefix in prefixes where allowed[prefix]?.origin != .configuration {
            let entry = AllowEntry(
                ruleID: allowed[prefix]?.ruleID ?? makeRuleID(), prefix: prefix, origin: .configuration,
                since: now)
            admit(entry, &changes)
            changes.events.append(.allowed(entry))
            lift(.allowed, at: now, &changes) { sanction in
                sanction.rule.origin == .manual
                    ? prefix.contains(sanction.prefix) : prefix.overlaps(sanction.prefix)
            }
        }
        return changes
    }
}
