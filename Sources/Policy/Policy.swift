package import Detection
import Features
package import Traffic

/// Turns verdicts and operators' wishes into rules, and rules into history.
///
/// A value that knows all rules which should be in force. It touches nothing: each step takes the time and
/// returns `Changes` that the caller puts into the data plane and the store. What holds at any time:
/// - no automatic rule touches the allow-list, and no rule at all a protected address;
/// - every automatic rule has an end;
/// - what is under attack is limited at most, never banned;
/// - rule ids are unique.
package struct Policy: Sendable {
    /// What tells one rule from another in the data plane.
    struct Slot: Hashable, Sendable {
        var match: Rule.Match
        var isLimit: Bool
        var origin: Rule.Origin

        init(_ rule: Rule) {
            match = rule.match
            isLimit = rule.isLimit
            origin = rule.origin
        }
    }

    /// A sanction with what is needed to tell whether its traffic has ceased.
    struct Standing: Hashable, Sendable {
        var sanction: Sanction
        /// The data plane's counter when it was last read.
        var counter: Count
        /// When that counter was last seen to rise.
        var lastDropped: Timestamp?
    }

    /// An entity that has just raised an alert raises no further one for this long, unless it gets blocked.
    static let alertInterval: Duration = .seconds(60)

    let settings: PolicySettings
    package internal(set) var mode: Mode
    package internal(set) var protected: [ProtectedPrefix]
    var sanctionsInForce: [Slot: Standing] = [:]
    var slots: [UInt32: Slot] = [:]
    var allowed: [Prefix: AllowEntry] = [:]
    var allowIDs: Set<UInt32> = []
    var offences = Offences()
    /// Sources that an operator unbanned, and until when verdicts do not ban them again.
    var pardons: [Prefix: Timestamp] = [:]
    private var silencedUntil: [Entity: Timestamp] = [:]
    var lastRuleID: UInt32 = 0
    var lastAlertID: Int64 = 0
    /// No ban, limit or allow-list entry ends before this.
    var nextEnd: Timestamp?
    private var nextPrune: Timestamp?

    /// A policy without rules; `start` gives it those it begins with.
    package init(settings: PolicySettings, mode: Mode, protected: [ProtectedPrefix] = []) {
        self.settings = settings
        self.mode = mode
        self.protected = protected
    }

    /// Decides about verdicts of one evaluation.
    package mutating func decide(_ verdicts: [Verdict], at now: Timestamp) -> Changes {
        guard mode != .learn else { return Changes() }
        var changes = Changes()
        for verdict in verdicts {
            switch verdict.tier {
            case .alert: report(verdict, note: nil, at: now, &changes)
            case .block: block(verdict, at: now, &changes)
            }
        }
        return changes
    }

    private mutating func block(_ verdict: Verdict, at now: Timestamp, _ changes: inout Changes) {
        guard let (match, action) = proposal(for: verdict) else {
            report(verdict, note: "no single address is under attack", at: now, &changes)
            return
        }
        let prefix = match.prefix
        var rule = Rule(id: 0, match: match, action: action, origin: .automatic, isShadowed: isShadowing)
        if isCovered(rule) { return }
        if let refusal = refusal(of: prefix, by: .automatic) {
            report(verdict, note: refusal.message, at: now, &changes)
            return
        }
        if let end = pardons[prefix], end > now {
            report(verdict, note: "\(prefix) was unbanned by hand a short time ago", at: now, &changes)
            return
        }
        let isBan = action == .deny
        let offence = isBan ? offences.next(for: prefix, at: now) : 0
        let duration =
            isBan
            ? Offences.duration(offence: offence, first: settings.banDuration, most: settings.banMaximum)
            : settings.limitDuration
        rule.id = makeRuleID()
        rule.expires = now + duration
        lastAlertID += 1
        let sanction = Sanction(
            rule: rule, since: now, reason: verdict.reason, summary: verdict.summary, alertID: lastAlertID,
            offence: offence)
        impose(sanction, &changes)
        changes.events += [
            .alert(Alert(id: lastAlertID, verdict: verdict, action: isBan ? .ban : .limit, ruleID: rule.id)),
            .imposed(sanction),
        ]
    }

    /// The rule that a verdict calls for: sources are banned (or limited), attacked services limited.
    private func proposal(for verdict: Verdict) -> (Rule.Match, Rule.Action)? {
        let limit = Rule.Action.limit(Rule.Rate(packets: settings.limitPacketsPerSecond))
        switch verdict.entity.view {
        case .source:
            return (.source(verdict.entity.prefix), mode == .limit ? limit : .deny)
        case .destination:
            if let target = verdict.target {
                let scope = Rule.Scope(
                    destination: target.address, protocol: target.protocol, port: target.port)
                return (.scope(scope), limit)
            }
            let prefix = verdict.entity.prefix
            return prefix.isSingleAddress
                ? (.scope(Rule.Scope(destination: prefix.address)), limit) : nil
        }
    }

    /// Whether a rule in force already does what this one would.
    private func isCovered(_ rule: Rule) -> Bool {
        if sanctionsInForce[Slot(rule)] != nil { return true }
        guard case .source(let prefix) = rule.match else { return false }
        return sanctions(coveringSource: prefix).contains {
            !$0.isLimit && (!$0.rule.isShadowed || rule.isShadowed)
        }
    }

    /// Reports a verdict that leads to no rule, unless its entity has done so a moment ago.
    private mutating func report(
        _ verdict: Verdict, note: String?, at now: Timestamp, _ changes: inout Changes
    ) {
        if let end = silencedUntil[verdict.entity], end > now { return }
        silencedUntil[verdict.entity] = now + Self.alertInterval
        lastAlertID += 1
        changes.events.append(.alert(Alert(id: lastAlertID, verdict: verdict, action: .alert, note: note)))
    }

    /// Whether automatic rules only count.
    var isShadowing: Bool { mode == .learn || mode == .shadow }

    /// An id that no rule in force has; never 0.
    mutating func makeRuleID() -> UInt32 {
        repeat {
            lastRuleID &+= 1
        } while lastRuleID == 0 || slots[lastRuleID] != nil || allowIDs.contains(lastRuleID)
        return lastRuleID
    }

    /// Puts a sanction in force, in place of one in the same slot.
    mutating func impose(_ sanction: Sanction, counter: Count = Count(), _ changes: inout Changes) {
        let slot = Slot(sanction.rule)
        if let old = sanctionsInForce[slot] { slots[old.sanction.rule.id] = nil }
        sanctionsInForce[slot] = Standing(sanction: sanction, counter: counter)
        slots[sanction.rule.id] = slot
        noteEnd(sanction.rule.expires)
        changes.install.append(sanction.rule)
    }

    /// Takes a sanction out of force.
    mutating func end(
        _ sanction: Sanction, _ ending: Event.Ending, at now: Timestamp, _ changes: inout Changes
    ) {
        sanctionsInForce[Slot(sanction.rule)] = nil
        slots[sanction.rule.id] = nil
        if ending == .expired {
            let over = min(sanction.rule.expires ?? now, now)
            offences.remember(sanction.prefix, offence: sanction.offence, end: over, for: settings.banMaximum)
        }
        changes.remove.append(sanction.rule)
        changes.events.append(.ended(sanction, ending))
    }

    mutating func noteEnd(_ end: Timestamp?) {
        guard let end else { return }
        nextEnd = nextEnd.map { min($0, end) } ?? end
    }

    /// Forgets what no longer matters, once in a while.
    mutating func prune(at now: Timestamp) {
        if let nextPrune, now < nextPrune { return }
        nextPrune = now + Self.alertInterval
        silencedUntil = silencedUntil.filter { $0.value > now }
        pardons = pardons.filter { $0.value > now }
        offences.prune(at: now)
    }
}
