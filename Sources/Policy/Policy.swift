package import Detection
import Features
package import Traffic

/// Turns verdicts and operators' wishes into rules, and rules into history.
///
/// A value that knows all rules which should be in force. It touches nothing: each step takes the time and
/// returns `Changes` that the caller puts into the data plane and the store. What holds at any time:
/// - no automatic rule touches the allow-list or a protected address, and no rule at all what is vital;
/// - every automatic rule has an end;
/// - what is under attack is limited at most, never banned;
/// - rule ids are unique.
package struct Policy: Sendable {
    /// What tells one rule from another in the data plane.
    struct Slot: Hashable, Sendable {
        var match: Rule.Match
        var kind: Rule.Kind
        var origin: Rule.Origin

        init(_ rule: Rule) {
            match = rule.match
            kind = rule.kind
            origin = rule.origin
        }
    }

    /// An entity that has just raised an alert raises no further one for this long, unless it gets blocked.
    static let alertInterval: Duration = .seconds(60)

    var settings: PolicySettings
    let breakerSettings: BreakerSettings
    /// `mode` and `settings` are for what is in none of them.
    package internal(set) var groups: [PolicyGroup]
    /// What the data plane has room for.
    package var room = RuleRoom()
    /// Rules that it had no room for all the same, by id.
    var lacking: Set<UInt32> = []
    /// Automatic rules that were not made for want of room.
    var refusedForRoom: UInt64 = 0
    /// Which of `groups` traffic is in.
    var grouping: Grouping
    var configured: Mode
    package internal(set) var mode: Mode
    /// The modes of groups, by name.
    package internal(set) var groupModes: [String: Mode]
    /// Why automatic rules on sources that are known well only count, whatever the mode is; `nil` while all is well.
    package internal(set) var trip: Trip?
    /// What no automatic rule may be made on: what the agent found on its machine, then what operators named.
    package internal(set) var protected: [ProtectedPrefix]
    /// Changes by hand that wait to be confirmed, the oldest first.
    package internal(set) var pending: [PendingChange] = []
    /// Hash of the configuration that decisions are made under; kept with each of them.
    package var configuration: String?
    var sanctionsInForce = Standings()
    var allowed: [Prefix: AllowEntry] = [:]
    var allowIDs: Set<UInt32> = []
    var offences = Offences()
    /// Which sources are on our own side.
    var inside: [Prefix] = []
    var acquaintances = Acquaintances()
    var breakers = Breakers()
    /// What automatic rules stopped since that was last asked for, by group.
    var tolls: [String?: Toll] = [:]
    private var suspects = Suspects()
    /// Sources that an operator unbanned, and until when verdicts do not ban them again.
    var pardons: [Prefix: Timestamp] = [:]
    var silencedUntil: [Entity: Timestamp] = [:]
    var lastRuleID: UInt32 = 0
    var lastAlertID: Int64 = 0
    var lastPendingID: Int64 = 0
    /// No ban, limit or allow-list entry ends before this.
    var nextEnd: Timestamp?
    var nextPrune: Timestamp?

    /// A policy without rules; `start` gives it those it begins with.
    package init(
        settings: PolicySettings, mode: Mode, groups: [PolicyGroup] = [],
        routes: Routes = Routes(), breakers: BreakerSettings = BreakerSettings(),
        protected: [ProtectedPrefix] = []
    ) {
        self.settings = settings
        self.mode = mode
        configured = mode
        self.groups = groups
        grouping = Grouping(groups.map(\.traffic), routes: routes)
        groupModes = Dictionary(groups.map { ($0.name, $0.mode) }) { first, _ in first }
        breakerSettings = breakers
        self.protected = protected
    }

    /// Decides about one evaluation: its new verdicts, and those that wait for a second window.
    package mutating func decide(_ verdicts: [Verdict], windows: [ScoredWindow] = [], at now: Timestamp)
        -> Changes
    {
        var changes = Changes()
        for verdict in verdicts {
            if verdict.tier == .alert {
                report(verdict, note: nil, at: now, &changes)
            } else if Suspects.isPlain(verdict) || Measure.asksOnly(verdict) {
                block(verdict, at: now, &changes)
            } else {
                // Told at once, since there may be no second window; what is done about it waits for that one.
                report(verdict, note: "one odd window so far", at: now, &changes)
                suspects.hold(verdict)
            }
        }
        for verdict in suspects.settle(by: windows, at: now) { block(verdict, at: now, &changes) }
        // What is learned while somebody floods may be what he forged.
        acquaintances.meet(windows, isOpen: !isUnderAttack, at: now)
        return changes
    }

    private mutating func block(_ verdict: Verdict, at now: Timestamp, _ changes: inout Changes) {
        let group = group(of: verdict)
        guard mode(of: group) != .learn else { return }
        let settings = settings(of: group)
        let limit = Rule.Rate(packets: settings.limitPacketsPerSecond)
        var (match, action, offence) = (Rule.Match.source(verdict.entity.prefix), Rule.Action.deny, 0)
        switch Measure(verdict, mode: mode(of: group), limit: limit) {
        case .nothing(let reason):
            report(verdict, note: reason, at: now, &changes)
            return
        case .rule(let wanted, let what): (match, action) = (wanted, what)
        case .ban: offence = offences.next(for: verdict.entity.prefix, at: now)
        }
        let isOnKnown = verdict.entity.view == .source && isKnown(match.prefix)
        var rule = Rule(
            id: 0, match: match, action: action, origin: .automatic,
            isShadowed: isShadowing(group) || (trip != nil && isOnKnown))
        if rule.kind == .prove, isPastProof(verdict, rule, at: now) { rule.action = .limit(limit) }
        if isCovered(rule) {
            goesOn(rule, at: now)
            return
        }
        let asksEverybody = rule.kind == .prove && verdict.entity.view == .destination
        if !asksEverybody, let refusal = refusal(of: match.prefix, by: .automatic) {
            report(verdict, note: refusal.message, at: now, &changes)
            return
        }
        if let note = insideNote(on: verdict, group: group) {
            report(verdict, note: note, at: now, &changes)
            return
        }
        if let end = pardons[match.prefix], end > now {
            report(
                verdict, note: "\(match.prefix) was unbanned by hand a short time ago", at: now, &changes)
            return
        }
        rule.id = sanctionsInForce[Slot(rule)]?.sanction.rule.id ?? makeRuleID()
        rule.expires = now + duration(of: rule, offence: offence, settings)
        var sanction = Sanction(
            rule: rule, since: now, reason: verdict.reason, summary: verdict.summary,
            alertID: lastAlertID + 1, offence: offence, group: group, isOnKnown: isOnKnown)
        sanction.isProven = verdict.entity.view == .source && verdict.isTwoWay
        sanction.configuration = configuration
        if let crowd = crowd(against: sanction) {
            report(verdict, note: crowd, at: now, &changes)
            return
        }
        guard makeRoom(for: sanction, at: now, &changes) else {
            report(verdict, note: "no room for one more rule", at: now, &changes)
            return
        }
        lastAlertID += 1
        var alert = Alert(
            id: lastAlertID, verdict: verdict, action: Alert.Action(rule.kind), ruleID: rule.id)
        alert.configuration = configuration
        impose(sanction, &changes)
        changes.events += [.alert(alert), .imposed(sanction)]
        let bans = offence > 0 ? 1 + widen(sanction, settings, at: now, &changes) : 0
        // Who is held to be banned by mistake stays known.
        defer { if offence > 0, !isHeldBack(sanction) { acquaintances.drop(match.prefix) } }
        guard !isShadowing(group), verdict.isTwoWay, match == .source(verdict.entity.prefix) else { return }
        let trip = breakers.count(
            match.prefix, bans: bans, among: acquaintances, settings: breakerSettings, at: now)
        if let trip, self.trip == nil { fallBack(trip, &changes) }
    }

    /// Whether a source has had answered connections for ten minutes and raised no verdict, or had until a ban that is not
    /// long ago.
    private func isKnown(_ prefix: Prefix) -> Bool {
        acquaintances.usualPackets(of: prefix) != nil || breakers.knows(prefix)
    }

    /// How long an automatic rule lasts; only bans grow longer with each offence.
    func duration(of rule: Rule, offence: Int, _ settings: PolicySettings) -> Duration {
        if rule.kind == .prove { return Self.proofQuiet }
        if rule.isLimit { return settings.limitDuration }
        return Offences.duration(
            offence: offence, first: settings.banDuration, most: settings.banMaximum,
            jitter: Offences.jitter(of: rule.match.prefix, offence: offence))
    }

    /// Whether a rule in force already does what this one would.
    private func isCovered(_ rule: Rule) -> Bool {
        if let old = sanctionsInForce[Slot(rule)], !old.sanction.rule.isShadowed || rule.isShadowed {
            return true
        }
        return sanctions(coveringSource: rule.match.prefix).contains {
            $0.rule.kind == .deny && (!$0.rule.isShadowed || rule.isShadowed)
        }
    }

    /// Reports a verdict that leads to no rule, unless its entity has done so a moment ago.
    private mutating func report(
        _ verdict: Verdict, note: String?, at now: Timestamp, _ changes: inout Changes
    ) {
        guard mode(of: group(of: verdict)) != .learn else { return }
        if let end = silencedUntil[verdict.entity], end > now { return }
        silencedUntil[verdict.entity] = now + Self.alertInterval
        lastAlertID += 1
        var alert = Alert(id: lastAlertID, verdict: verdict, action: .alert, note: note)
        alert.configuration = configuration
        changes.events.append(.alert(alert))
    }

    /// An id that no rule in force has; never 0.
    mutating func makeRuleID() -> UInt32 {
        repeat {
            lastRuleID &+= 1
        } while lastRuleID == 0 || sanctionsInForce[lastRuleID] != nil || allowIDs.contains(lastRuleID)
        return lastRuleID
    }

    /// Puts a sanction in force, in place of one in the same slot.
    mutating func impose(_ sanction: Sanction, counter: Count = Count(), _ changes: inout Changes) {
        sanctionsInForce[Slot(sanction.rule)] = Standing(sanction: sanction, counter: counter)
        noteEnd(sanction.rule.expires)
        changes.install.append(sanction.rule)
    }

    /// Takes a sanction out of force.
    mutating func end(
        _ sanction: Sanction, _ ending: Event.Ending, at now: Timestamp, _ changes: inout Changes
    ) {
        sanctionsInForce[Slot(sanction.rule)] = nil
        lacking.remove(sanction.rule.id)
        if ending == .expired || ending == .evicted {
            let over = min(sanction.rule.expires ?? now, now)
            offences.remember(
                sanction.prefix, offence: sanction.offence, end: over,
                for: settings(of: sanction.group).banMaximum)
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
