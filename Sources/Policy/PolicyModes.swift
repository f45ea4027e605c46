package import Traffic

// Modes, and their change at run time.
extension Policy {
    /// Changes the mode of a group (`nil`: of everything in no group).
    ///
    /// Automatic rules in force are shadowed or enforced accordingly, each by one write in the data plane; a circuit breaker
    /// that had tripped is closed again, and what it held back follows its mode.
    package mutating func setMode(_ mode: Mode, of group: String? = nil) -> Changes {
        let isOpen = trip != nil
        if isOpen { breakers.reset() }
        trip = nil
        var changes = put(mode: mode, of: group)
        if isOpen { changes += followModes() }
        return changes
    }

    /// The same without a word on circuit breakers.
    mutating func put(mode: Mode, of group: String?) -> Changes {
        if let group { groupModes[group] = mode } else { self.mode = mode }
        var changes = Changes()
        supersede(&changes) { $0.setsMode(of: group) }
        changes.events.append(.modeSet(mode, group: group, configured: configuredMode(of: group)))
        changes += follow(mode: group)
        return changes
    }

    /// Brings the rules of all groups to what their modes say.
    mutating func followModes() -> Changes {
        var changes = Changes()
        for group in [nil] + groups.map(\.name) { changes += follow(mode: group) }
        return changes
    }

    /// Shadows or enforces the automatic rules of a group as its mode says, and a circuit breaker.
    mutating func follow(mode group: String?) -> Changes {
        var changes = Changes()
        let isShadowing = isShadowing(group)
        for var sanction in sanctions(where: {
            // Of groups that are no more, the rest's mode holds.
            $0.rule.origin == .automatic && $0.group.flatMap { groupModes[$0] == nil ? nil : $0 } == group
        }) {
            let isShadowed = isShadowing || isHeldBack(sanction)
            guard sanction.rule.isShadowed != isShadowed else { continue }
            sanction.rule.isShadowed = isShadowed
            sanctionsInForce[Slot(sanction.rule)]?.sanction = sanction
            changes.install.append(sanction.rule)
            changes.events.append(.updated(sanction))
        }
        return changes
    }

    /// The same, by an operator.
    package mutating func changeMode(to mode: Mode, of group: String?) throws(Refusal) -> Changes {
        if let group, groupModes[group] == nil {
            let names = groups.map(\.name).joined(separator: ", ")
            throw Refusal(
                .notFound, "there is no policy group '\(group)'",
                hint: names.isEmpty ? "the configuration names none" : "there are: \(names)")
        }
        return setMode(mode, of: group)
    }

    /// What the configuration says of a group.
    package func configuredMode(of group: String?) -> Mode {
        groups.first { $0.name == group }?.mode ?? configured
    }

    /// Takes up modes that were set in an earlier run, as far as the configuration has not changed since.
    mutating func resume(_ saved: [SavedMode]) {
        for old in saved where configuredMode(of: old.group) == old.configured {
            if let group = old.group {
                if groupModes[group] != nil { groupModes[group] = old.mode }
            } else {
                mode = old.mode
            }
        }
    }
}

/// A mode that was set at run time.
package struct SavedMode: Hashable, Sendable {
    /// `nil`: of everything in no group.
    package var group: String?
    package var mode: Mode
    /// What the configuration said then; another value there ends what was set.
    package var configured: Mode

    package init(group: String?, mode: Mode, configured: Mode) {
        self.group = group
        self.mode = mode
        self.configured = configured
    }
}
