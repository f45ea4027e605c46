package import Traffic

// How rules begin and end by themselves.
extension Policy {
    /// An automatic rule that dropped something this short a time ago is not let go.
    static let quietTime: Duration = .seconds(5)
    /// Extensions are decided this long before the end, so that the data plane, which ends rules by itself,
    /// never comes first.
    static let extensionMargin: Duration = .seconds(1)

    /// Takes over the data plane's counters, extends automatic rules that still drop, and ends what is over.
    ///
    /// To be called a few times a second.
    package mutating func tick(at now: Timestamp, counters: [RuleCounters]) -> Changes {
        var changes = Changes()
        for counter in counters {
            update(counter, at: now)
            if counter.challenge != nil { checkQuestions(of: counter.id, at: now, &changes) }
        }
        prune(at: now)
        closeBreaker(at: now, &changes)
        guard let nextEnd, now >= nextEnd - Self.extensionMargin else { return changes }
        undoOverdue(at: now, &changes)
        let due = sanctionsInForce.values.filter { standing in
            standing.sanction.rule.expires.map { $0 - Self.extensionMargin <= now } ?? false
        }
        for standing in due.sorted(by: { $0.sanction.rule.id < $1.sanction.rule.id }) {
            settle(standing, at: now, &changes)
        }
        for entry in allowList where entry.expires.map({ $0 <= now }) ?? false { dismiss(entry, &changes) }
        self.nextEnd = nil
        for standing in sanctionsInForce.values { noteEnd(standing.sanction.rule.expires) }
        for entry in allowed.values { noteEnd(entry.expires) }
        for change in pending { noteEnd(change.deadline) }
        return changes
    }

    private mutating func update(_ counters: RuleCounters, at now: Timestamp) {
        guard let old = sanctionsInForce[counters.id], counters.challenge != nil || !old.has(counters) else {
            return
        }
        var standing = old.content
        if counters.dropped != standing.counter {
            let hasRisen = counters.dropped.packets >= standing.counter.packets
            // Less than before: the rule was installed anew, and counts from nothing.
            let base = hasRisen ? standing.counter : Count()
            let more = Count(
                packets: counters.dropped.packets &- base.packets, bytes: counters.dropped.bytes &- base.bytes
            )
            standing.sanction.dropped += more
            charge(more, to: &standing, at: now)
            standing.counter = counters.dropped
            // Of beginnings, those that prove nothing count: `watch` looks at them.
            if counters.challenge == nil { standing.lastDropped = now }
        }
        if let challenge = counters.challenge { standing.watch(challenge, at: now) }
        standing.sanction.lastHit = counters.lastHit ?? standing.sanction.lastHit
        sanctionsInForce[Slot(standing.sanction.rule)]?.content = standing
    }

    private mutating func settle(_ standing: Standing, at now: Timestamp, _ changes: inout Changes) {
        var sanction = standing.sanction
        guard let expires = sanction.rule.expires else { return }
        if sanction.rule.origin == .automatic, let end = standing.content.proofEnd,
            end - Self.extensionMargin > now
        {
            sanction.rule.expires = end
            sanctionsInForce[Slot(sanction.rule)]?.sanction = sanction
            changes.install.append(sanction.rule)
            changes.events.append(.updated(sanction))
            return
        }
        let isBusy =
            sanction.rule.kind != .prove
            && standing.content.lastDropped.map { now - $0 < Self.quietTime } ?? false
        if sanction.rule.origin == .automatic, isBusy, !isHeldBack(sanction) {
            let settings = settings(of: sanction.group)
            sanction.rule.expires =
                max(expires, now) + (sanction.isLimit ? settings.limitDuration : settings.banDuration)
            sanctionsInForce[Slot(sanction.rule)]?.sanction = sanction
            changes.install.append(sanction.rule)
            changes.events.append(.updated(sanction))
        } else if expires <= now {
            end(sanction, .expired, at: now, &changes)
        }
    }

    /// Puts in force what the agent begins with.
    ///
    /// Rules keep the time they have left. Ended ones are dropped, and so are those that the allow-list, or
    /// what is protected now, no longer permits; an end that lies too far off (the clock was set back) is
    /// brought near. `configured` is the `allow` key of the configuration, `saved` what the store remembers
    /// of the last run.
    package mutating func start(allowing configured: [Prefix], restoring saved: SavedState, at now: Timestamp)
        -> Changes
    {
        lastRuleID = max(
            lastRuleID, saved.lastRuleID, saved.sanctions.map(\.rule.id).max() ?? 0,
            saved.allowed.map(\.ruleID).max() ?? 0)
        lastAlertID = max(lastAlertID, saved.lastAlertID)
        resume(saved.modes)
        pending = saved.pending
        lastPendingID = max(lastPendingID, saved.lastPendingID)
        for change in pending { noteEnd(change.deadline) }
        name(saved.protected)
        for past in saved.pastBans {
            guard let end = past.rule.expires else { continue }
            offences.remember(past.prefix, offence: past.offence, end: end, for: settings.banMaximum)
        }
        for (prefix, lifted) in saved.lifted { pardons[prefix] = min(lifted, now) + settings.banDuration }
        var changes = Changes()
        for prefix in configured {
            admit(
                AllowEntry(ruleID: makeRuleID(), prefix: prefix, origin: .configuration, since: now), &changes
            )
        }
        for entry in saved.allowed where allowed[entry.prefix] == nil {
            if let expires = entry.expires, expires <= now {
                changes.events.append(.disallowed(entry))
            } else {
                admit(entry, &changes)
            }
        }
        // Of a hundred thousand, tables that grow step by step would take as long again.
        sanctionsInForce.reserveCapacity(saved.sanctions.count)
        changes.install.reserveCapacity(changes.install.count + saved.sanctions.count)
        for sanction in saved.sanctions { restore(sanction, at: now, &changes) }
        undoOverdue(at: now, &changes)
        return changes
    }

    private mutating func restore(_ saved: Sanction, at now: Timestamp, _ changes: inout Changes) {
        var sanction = saved
        if sanction.rule.origin == .automatic {
            let settings = settings(of: sanction.group)
            let longest = sanction.rule.kind == .deny ? settings.banMaximum : settings.limitDuration
            sanction.rule.expires = min(
                sanction.rule.expires ?? now, now + max(longest, settings.banDuration))
            sanction.rule.isShadowed = isShadowing(sanction.group)
        }
        // What operators insisted on holds over a restart.
        let insists = sanction.rule.origin == .manual
        let refusal =
            sanction.asksEverybody
            ? nil : refusal(of: sanction.prefix, by: sanction.rule.origin, insists: insists)
        if let refusal {
            end(sanction, refusal.kind == .allowed ? .allowed : .protected, at: now, &changes)
        } else if saved.isOnKnown, saved.rule.isShadowed, !sanction.rule.isShadowed {
            // The breaker that held it back is not remembered.
            end(sanction, .heldBack, at: now, &changes)
        } else if let expires = sanction.rule.expires, expires <= now {
            let isPending = sanction.rule.origin == .manual && awaitsConfirmation(ofBan: sanction.prefix)
            end(sanction, isPending ? .unconfirmed : .expired, at: now, &changes)
        } else if sanction.rule.origin == .manual || makeRoom(for: sanction, at: now, &changes) {
            // What operators asked for is not dropped in silence: where there is no room for it, the data plane says so.
            impose(sanction, counter: sanction.dropped, &changes)
        } else {
            end(sanction, .evicted, at: now, &changes)
        }
    }
}

/// What outlives the agent, as the store gives it back.
package struct SavedState: Hashable, Sendable {
    package var sanctions: [Sanction] = []
    /// Entries of manual origin.
    package var allowed: [AllowEntry] = []
    /// The last ban of each source that was banned not long ago; `rule.expires` is when it ended.
    package var pastBans: [Sanction] = []
    package var modes: [SavedMode] = []
    /// What operators protect by name.
    package var protected: [ProtectedPrefix] = []
    /// Changes that wait to be confirmed, the oldest first.
    package var pending: [PendingChange] = []
    /// When an operator lifted the last ban of a source, if that was not long ago.
    package var lifted: [Prefix: Timestamp] = [:]
    /// Highest ids that were given.
    package var lastRuleID: UInt32 = 0
    package var lastAlertID: Int64 = 0
    package var lastPendingID: Int64 = 0

    package init() {}
}
