package import Traffic

/// A change by hand that is undone at its deadline, unless an operator confirms it before: nobody locks himself out.
package struct PendingChange: Hashable, Sendable {
    /// One thing that was done, with what it takes to confirm or to undo it.
    package enum Step: Hashable, Sendable {
        /// A source was banned. The ban has the deadline as its end, in the data plane too, so that it ends without the agent;
        /// confirmed, it gets this one.
        case ban(Prefix, expires: Timestamp?)
        /// Likewise an entry of the allow-list.
        case allow(Prefix, expires: Timestamp?)
        /// A ban or limit was lifted.
        case unban(Sanction)
        /// An entry was taken off the allow-list.
        case disallow(AllowEntry)
        /// The mode of a group (`nil`: of everything in no group) was changed.
        case mode(of: String?, from: Mode, to: Mode)
    }

    package var id: Int64
    package var made: Timestamp
    package var deadline: Timestamp
    /// In the order in which they were done.
    package var steps: [Step]

    package init(id: Int64, made: Timestamp, deadline: Timestamp, steps: [Step]) {
        self.id = id
        self.made = made
        self.deadline = deadline
        self.steps = steps
    }

    /// What was done: `ban 192.0.2.7`, `ban 4000 prefixes`.
    package var summary: String {
        let words = steps.map(\.words)
        var kinds: [String] = []
        for word in words where !kinds.contains(word.verb) { kinds.append(word.verb) }
        return kinds.map { kind in
            let subjects = words.filter { $0.verb == kind }.map(\.subject)
            return "\(kind) \(subjects.count == 1 ? subjects[0] : "\(subjects.count) prefixes")"
        }.joined(separator: ", ")
    }
}

extension PendingChange.Step {
    fileprivate var words: (verb: String, subject: String) {
        switch self {
        case .ban(let prefix, _): ("ban", "\(prefix)")
        case .allow(let prefix, _): ("allow", "\(prefix)")
        case .unban(let sanction): ("unban", "\(sanction.prefix)")
        case .disallow(let entry): ("disallow", "\(entry.prefix)")
        case .mode(let group, _, let mode): ("mode" + (group.map { " of \($0)" } ?? ""), mode.rawValue)
        }
    }

    func bans(_ prefix: Prefix) -> Bool {
        if case .ban(prefix, _) = self { true } else { false }
    }

    func allows(_ prefixes: PrefixSet) -> Bool {
        if case .allow(let prefix, _) = self { prefixes.has(prefix) } else { false }
    }

    func setsMode(of group: String?) -> Bool {
        if case .mode(group, _, _) = self { true } else { false }
    }
}

extension Policy {
    /// Longest time that a change may wait to be confirmed.
    package static let longestConfirmation: Duration = .seconds(86_400)

    /// Makes what was just changed by hand depend on being confirmed within `time`.
    ///
    /// `changes` is what was done to this policy, and ends in it are brought near; `before` is the policy as it was before that.
    ///
    /// - Throws: `Refusal` if the time cannot be used, or what was changed stood before: then there would be nothing
    ///   simple to go back to.
    package mutating func awaitConfirmation(
        of changes: inout Changes, since before: Policy, within time: Duration, at now: Timestamp
    ) throws(Refusal) {
        guard time > .zero, time <= Self.longestConfirmation else {
            throw Refusal(
                .invalidDuration, "the time to confirm must be longer than nothing and at most a day")
        }
        let deadline = now + time
        lastPendingID += 1
        var change = PendingChange(id: lastPendingID, made: now, deadline: deadline, steps: [])
        for event in changes.events {
            if let step = try step(for: event, since: before) { change.steps.append(step) }
        }
        var near: Set<UInt32> = []
        for place in changes.events.indices {
            switch changes.events[place] {
            case .imposed(var sanction) where sanction.rule.origin == .manual:
                sanction.rule.expires = min(sanction.rule.expires ?? deadline, deadline)
                sanctionsInForce[Slot(sanction.rule)]?.sanction = sanction
                changes.events[place] = .imposed(sanction)
                near.insert(sanction.rule.id)
            case .allowed(var entry):
                entry.expires = min(entry.expires ?? deadline, deadline)
                allowed[entry.prefix] = entry
                changes.events[place] = .allowed(entry)
                near.insert(entry.ruleID)
            default: break
            }
        }
        for place in changes.install.indices where near.contains(changes.install[place].id) {
            changes.install[place].expires = min(changes.install[place].expires ?? deadline, deadline)
        }
        noteEnd(deadline)
        pending.append(change)
        changes.events.append(.pending(change))
    }

    private func step(for event: Event, since before: Policy) throws(Refusal) -> PendingChange.Step? {
        switch event {
        case .imposed(let sanction) where sanction.rule.origin == .manual:
            if before.sanctionsInForce[Slot(sanction.rule)] != nil {
                throw Refusal(
                    .banned, "\(sanction.prefix) is banned by hand already",
                    hint: "unban it first, or leave out --confirm")
            }
            return .ban(sanction.prefix, expires: sanction.rule.expires)
        case .allowed(let entry):
            if before.allowed[entry.prefix] != nil {
                throw Refusal(
                    .allowed, "\(entry.prefix) is on the allow-list already",
                    hint: "remove it first, or leave out --confirm")
            }
            return .allow(entry.prefix, expires: entry.expires)
        case .ended(let sanction, _): return .unban(sanction)
        case .disallowed(let entry): return .disallow(entry)
        case .modeSet(let mode, let group, _):
            // Changed twice before it was confirmed: undone is what was confirmed last.
            let earlier = before.pending.lazy.flatMap(\.steps).first { $0.setsMode(of: group) }
            if case .mode(_, let from, _) = earlier { return .mode(of: group, from: from, to: mode) }
            return .mode(of: group, from: before.mode(of: group), to: mode)
        default: return nil
        }
    }

    /// Confirms changes (`nil`: all that wait), and returns them.
    package mutating func confirm(
        _ ids: [Int64]?, at now: Timestamp
    ) throws(Refusal) -> ([PendingChange], Changes) {
        if let id = ids?.first(where: { id in !pending.contains { $0.id == id } }) {
            throw Refusal(
                .notFound, "no change \(id) waits to be confirmed",
                hint: "it was confirmed before, or undone: sluice audit")
        }
        let confirmed = pending.filter { ids?.contains($0.id) ?? true }
        if confirmed.isEmpty { throw Refusal(.notFound, "no change waits to be confirmed") }
        var changes = Changes()
        for change in confirmed {
            pending.removeAll { $0.id == change.id }
            changes.events.append(.confirmed(change))
            for step in change.steps { confirm(step, &changes) }
        }
        return (confirmed, changes)
    }

    private mutating func confirm(_ step: PendingChange.Step, _ changes: inout Changes) {
        switch step {
        case .ban(let prefix, let expires):
            guard var sanction = manualBan(on: prefix), sanction.rule.expires != expires else { return }
            sanction.rule.expires = expires
            sanctionsInForce[Slot(sanction.rule)]?.sanction = sanction
            noteEnd(expires)
            changes.install.append(sanction.rule)
            changes.events.append(.updated(sanction))
        case .allow(let prefix, let expires):
            guard var entry = allowed[prefix], entry.expires != expires else { return }
            entry.expires = expires
            admit(entry, &changes)
            changes.events.append(.allowed(entry))
        case .unban, .disallow, .mode: break
        }
    }

    /// Undoes what was not confirmed in time.
    mutating func undoOverdue(at now: Timestamp, _ changes: inout Changes) {
        for change in pending where change.deadline <= now {
            pending.removeAll { $0.id == change.id }
            changes.events.append(.undone(change))
            // In the order in which they were done: what an entry of the allow-list lifted comes back once that is gone.
            for step in change.steps { undo(step, at: now, &changes) }
        }
    }

    private mutating func undo(
        _ step: PendingChange.Step, at now: Timestamp, _ changes: inout Changes
    ) {
        switch step {
        case .ban(let prefix, _):
            if let sanction = manualBan(on: prefix) { end(sanction, .unconfirmed, at: now, &changes) }
        case .allow(let prefix, _):
            if let entry = allowed[prefix], entry.origin == .manual { dismiss(entry, &changes) }
        case .unban(var sanction):
            pardons[sanction.prefix] = nil
            guard sanctionsInForce[Slot(sanction.rule)] == nil, sanctionsInForce[sanction.rule.id] == nil,
                sanction.rule.expires.map({ $0 > now }) ?? true,
                refusal(
                    of: sanction.prefix, by: sanction.rule.origin, insists: sanction.rule.origin == .manual)
                    == nil
            else { return }
            if sanction.rule.origin == .automatic {
                sanction.rule.isShadowed = isShadowing(sanction.group)
            }
            guard makeRoom(for: sanction, at: now, &changes) else { return }
            impose(sanction, &changes)
            changes.events.append(.imposed(sanction))
        case .disallow(let entry):
            guard allowed[entry.prefix] == nil, entry.expires.map({ $0 > now }) ?? true else { return }
            admit(entry, &changes)
            changes.events.append(.allowed(entry))
            liftAllowed(PrefixSet([entry.prefix]), at: now, &changes)
        case .mode(let group, let before, _): changes += put(mode: before, of: group)
        }
    }

    /// Takes out of pending changes what is decided anew: nobody wants that undone.
    mutating func supersede(_ changes: inout Changes, where isMeant: (PendingChange.Step) -> Bool) {
        for place in pending.indices.reversed() {
            guard pending[place].steps.contains(where: isMeant) else { continue }
            pending[place].steps.removeAll(where: isMeant)
            changes.events.append(.superseded(pending[place]))
            if pending[place].steps.isEmpty { pending.remove(at: place) }
        }
    }

    /// Whether a ban by hand on exactly this prefix waits to be confirmed.
    func awaitsConfirmation(ofBan prefix: Prefix) -> Bool {
        pending.contains { $0.steps.contains { $0.bans(prefix) } }
    }

    private func manualBan(on prefix: Prefix) -> Sanction? {
        sanctionsInForce[Slot(Rule(id: 0, match: .source(prefix), action: .deny, origin: .manual))]?.sanction
    }
}
