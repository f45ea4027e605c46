package import API
import Detection
import Features
package import Policy
package import Traffic

// From what the policy knows to what the API says.

extension BanReport {
    /// What a ban or limit in force looks like from outside.
    package init(_ sanction: Sanction) {
        var target: TargetReport?
        if case .scope(let scope) = sanction.rule.match {
            target = TargetReport(address: scope.destination, protocol: scope.protocol, port: scope.port)
        }
        var rate: UInt32?
        if case .limit(let most) = sanction.rule.action { rate = most.packets }
        self.init(
            prefix: sanction.prefix, action: Action(sanction.rule.kind), origin: sanction.rule.origin,
            isShadowed: sanction.rule.isShadowed, since: sanction.since, expires: sanction.rule.expires,
            target: target,
            packetsPerSecond: rate, dropped: sanction.dropped, lastHit: sanction.lastHit,
            reason: sanction.reason,
            summary: sanction.summary, ruleID: sanction.rule.id, alertID: sanction.alertID,
            group: sanction.group)
        configuration = sanction.configuration
        if sanction.lacksRoom { lacksRoom = true }
        guard case .prove(let proof) = sanction.rule.action else { return }
        let (counted, begun) = (sanction.challenge ?? Challenge(), sanction.beginnings)
        challenge = ChallengeReport(
            challenged: counted.challenged, proven: counted.proven, retransmitted: counted.retransmitted,
            overBudget: counted.overBudget, wrong: counted.wrong, unanswered: counted.unanswered,
            challengedPerSecond: begun?.challenged ?? 0, forgedPerSecond: begun?.forged ?? 0, asks: proof.asks
        )
        summary = sentence(begun, asks: proof.asks) + " (" + sanction.summary + ")"
    }

    /// What beginnings have to do now.
    private func sentence(_ rate: BeginningRate?, asks: Bool) -> String {
        let would = isShadowed ? "would " : ""
        let words =
            "New connections \(spokenSubject) \(would)have to "
            + (asks ? "prove their address" : "be begun twice, since no questions arrive")
        guard let rate, rate.challenged >= 1, !isShadowed else { return words }
        return words + ", \(Self.grouped(rate.forged)) of \(Self.grouped(rate.challenged)) a second did not"
    }

    /// With a comma before each three digits.
    private static func grouped(_ rate: Double) -> String {
        let digits = Array(String(UInt64(max(0, min(rate, 1e15)).rounded())))
        return digits.enumerated().reduce("") { text, digit in
            text + (digit.offset > 0 && (digits.count - digit.offset) % 3 == 0 ? "," : "")
                + String(digit.element)
        }
    }

    /// The same, with the change that it waits to be confirmed with.
    package init(_ sanction: Sanction, in policy: Policy) {
        self.init(sanction)
        if sanction.rule.origin == .manual { pending = policy.pendingBan(on: sanction.prefix) }
    }
}

extension BanReport.Action {
    /// What a rule that is no entry of the allow-list does.
    package init(_ kind: Rule.Kind) {
        switch kind {
        case .limit: self = .limit
        case .prove: self = .prove
        case .allow, .deny: self = .ban
        }
    }
}

extension AllowReport {
    /// An entry of the allow-list.
    package init(_ entry: AllowEntry) {
        self.init(
            prefix: entry.prefix, origin: entry.origin.rawValue, since: entry.since, expires: entry.expires,
            reason: entry.reason)
    }

    /// The same, with the change that it waits to be confirmed with.
    package init(_ entry: AllowEntry, in policy: Policy) {
        self.init(entry)
        if entry.origin == .manual { pending = policy.pendingEntry(for: entry.prefix) }
    }
}

extension AlertReport {
    /// A verdict with what was done about it.
    package init(_ alert: Alert) {
        let verdict = alert.verdict
        let action: Action =
            switch alert.action {
            case .ban: .ban
            case .limit: .limit
            case .prove: .prove
            case .alert: .alert
            }
        self.init(
            id: alert.id, time: verdict.time, view: verdict.entity.view, prefix: verdict.entity.prefix,
            tier: verdict.tier, reason: verdict.reason, summary: verdict.summary, score: verdict.score,
            threshold: verdict.threshold, model: verdict.model,
            features: verdict.features.map(FeatureReport.init),
            target: verdict.target.map {
                TargetReport(address: $0.address, protocol: $0.protocol, port: $0.port)
            },
            action: action, note: alert.note, ruleID: alert.ruleID,
            feedback: alert.feedback)
        configuration = alert.configuration
        othersNearer = verdict.othersNearer
    }
}

extension Explanation {
    /// Puts together what is known about an address.
    ///
    /// `treatment` is what the rules say, `cause` the alert behind the rule that decides (the latest one if there is no
    /// rule), `current` the latest window (`nil` if it was not seen lately), `alerts` the earlier ones, newest first, `similar`
    /// those about others that are like `cause`.
    package init(
        of address: Address, treatment: Treatment, cause: Alert?, current: Current?, alerts: [Alert],
        similar: [(likeness: Double, alert: Alert)] = []
    ) {
        let deciding = treatment.allowedBy == nil ? treatment.deciding : nil
        let state = State(treatment)
        self.init(
            address: address, state: state, summary: Self.summary(address, state, treatment),
            rule: deciding.map(BanReport.init), alert: cause.map(AlertReport.init),
            allowedBy: treatment.allowedBy.map(AllowReport.init), protectedAs: treatment.protectedBy?.reason,
            overridden: treatment.sanctions.filter { $0.rule.id != deciding?.rule.id }.map(BanReport.init),
            partial: treatment.partial.map(BanReport.init), towards: treatment.towards.map(BanReport.init),
            current: current,
            alerts: alerts.map(AlertReport.init),
            similar: similar.map { Similar(likeness: $0.likeness, alert: AlertReport($0.alert)) })
    }

    private static func summary(_ address: Address, _ state: State, _ treatment: Treatment) -> String {
        let rule = treatment.deciding
        let by = rule?.rule.origin == .manual ? "by hand" : "automatically"
        let scope = rule.map { $0.prefix.isSingleAddress ? "" : " with all of \($0.prefix)" } ?? ""
        switch state {
        case .allowed:
            let entry = treatment.allowedBy.map { " (\($0.prefix))" } ?? ""
            return
                "Packets from \(address) pass: the allow-list has it\(entry) and is above all rules."
        case .blocked:
            return "Packets from \(address) are dropped: it was banned \(by)\(scope)."
        case .limited:
            if rule?.rule.action == .limit(.confined) {
                return
                    "What \(address) begins at services that do not answer is dropped, all else passes: it was limited \(by)\(scope)."
            }
            return "Packets from \(address) are dropped beyond a rate: it was limited \(by)\(scope)."
        case .restricted:
            let partial = treatment.partial.filter { !$0.lacksRoom && !$0.rule.isShadowed }
            let (first, more) = (partial.first, partial.count - 1)
            let target = first.flatMap { BanReport($0).target?.spoken } ?? "one host"
            return "Packets from \(address) to \(target)\(more > 0 ? " and \(more) more" : "") are dropped, "
                + "others pass: it was shut out there automatically."
        case .shadowed:
            let what = rule?.isLimit == true ? "limited" : "dropped"
            return "Packets from \(address) pass, but would be \(what) if the agent did not only shadow."
        case .passing where treatment.lacksRoom:
            return
                "Packets from \(address) pass: the rule on it is not in force, because there is no room for it."
        case .passing:
            let protected =
                treatment.protectedBy.map { " Sluice makes no rule on it: \($0.prefix) is \($0.reason)." }
                ?? ""
            return "Packets from \(address) pass: no rule matches.\(protected)"
        }
    }
}

extension Explanation.State {
    /// What happens to packets from an address that is treated like this.
    package init(_ treatment: Treatment) {
        guard treatment.allowedBy == nil else {
            self = .allowed
            return
        }
        guard let rule = treatment.deciding else {
            let partial = treatment.partial.filter { !$0.lacksRoom }
            let isEnforced = partial.contains { !$0.rule.isShadowed }
            self = isEnforced ? .restricted : partial.isEmpty ? .passing : .shadowed
            return
        }
        self = rule.rule.isShadowed ? .shadowed : rule.isLimit ? .limited : .blocked
    }
}

extension ControlError {
    /// Why the policy does not do what was asked for.
    package init(_ refusal: Refusal) {
        self.init(Code(refusal), refusal.message, hint: refusal.hint)
    }

    /// Refused prefixes that an error names at most.
    private static let mostRefusals = 20

    /// Which prefixes stand in the way of a change; of a single one, what stands against it.
    package init(_ order: RefusedOrder) {
        let refused = order.refusals.prefix(Self.mostRefusals).map { prefix, refusal in
            Refused(prefix: prefix, message: refusal.message, hint: refusal.hint)
        }
        let code = order.refusals.first.map { Code($0.refusal) } ?? .refused
        if order.count == 1, let refusal = refused.first {
            self.init(code, refusal.message, hint: refusal.hint)
        } else if code == .notFound {
            self.init(
                code, "none of \(order.count) prefixes is there to be taken off",
                hint: refused.first.map { "such as \($0.prefix)" })
        } else {
            self.init(
                code, "\(order.refusals.count) of \(order.count) prefixes are refused", refused: refused)
        }
    }
}

extension ControlError.Code {
    fileprivate init(_ refusal: Refusal) {
        self =
            switch refusal.kind {
            case .notFound: .notFound
            case .invalidDuration: .invalid
            case .protected, .allowed, .banned, .tooWide, .noRoom, .configured: .refused
            }
    }
}

extension ChangeResult {
    /// What an order did.
    package init(
        _ action: Order.Action, _ outcome: Order.Outcome, in policy: Policy, isDryRun: Bool = false
    ) {
        let refused = outcome.refused.prefix(Self.mostRefused).map { prefix, refusal in
            ControlError.Refused(prefix: prefix, message: refusal.message, hint: refusal.hint)
        }
        let isBan = if case .ban = action { true } else { false }
        self.init(
            count: outcome.count, lifted: isBan ? 0 : outcome.sanctions.count,
            bans: outcome.sanctions.prefix(Self.mostBans).map { sanction in
                isBan
                    ? BanReport(policy.sanction(sanction.rule.id) ?? sanction, in: policy)
                    : BanReport(sanction)
            },
            missing: outcome.missing.isEmpty ? nil : outcome.missing,
            kept: outcome.kept == 0 ? nil : outcome.kept, refused: refused.isEmpty ? nil : refused,
            refusedCount: refused.isEmpty ? nil : outcome.refused.count, isDryRun: isDryRun ? true : nil,
            pending: outcome.waits ? policy.pending.last.map(PendingReport.init) : nil)
    }
}
