import API
import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice explain`.
struct ExplainCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Why an address is blocked, or what is known about it if it is not.",
        discussion:
            "Rules apply in this order: allow-list, ban by hand, automatic ban, proof of address, limit.")

    @Argument(help: "One address.", transform: parseAddress)
    var address: Address

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Explanation { try await service.explain(address) }

    func text(_ explanation: Explanation, on screen: Screen, at now: Timestamp) -> String {
        let state = screen.styled(explanation.state.rawValue, explanation.state.style)
        var text =
            screen.wrapped(screen.styled("\(explanation.address)", .bold) + " is \(state).") + "\n"
            + screen.wrapped(explanation.summary) + "\n"
        if let entry = explanation.allowedBy { text += "\n" + describe(entry, on: screen, at: now) }
        if let rule = explanation.rule { text += "\n" + describe(rule, on: screen, at: now) }
        if let alert = explanation.alert { text += "\n" + describe(alert, on: screen) }
        for rule in explanation.overridden {
            let what = "\(rule.spokenAction) on \(rule.prefix), \(rule.reason.printable)."
            text += "\n" + screen.wrapped("Overridden: \(what)") + "\n"
        }
        for ban in explanation.partial {
            let what = "\(ban.spokenAction), \(ban.summary.printable)"
            text += "\n" + screen.wrapped("On \(ban.spokenSubject): \(what)") + "\n"
        }
        for limit in explanation.towards {
            let what = "\(limit.spokenSubject) is under \(limit.spokenAction)"
            text += "\n" + screen.wrapped("Traffic \(what): \(limit.summary.printable)") + "\n"
        }
        text += "\n" + describe(explanation.current, on: screen, at: now)
        let earlier = explanation.alerts.filter { $0.id != explanation.alert?.id }
        if !earlier.isEmpty {
            text +=
                "\n\(screen.styled("Earlier alerts", .bold))\n"
                + AlertReport.table(earlier, at: now).text(on: screen)
        }
        if !explanation.similar.isEmpty {
            text +=
                "\n\(screen.styled("Similar alerts", .bold)) (by the features' shares)\n"
                + Table(explanation.similar, Explanation.Similar.columns(at: now)).text(on: screen)
        }
        return text
    }

    private func describe(_ entry: AllowReport, on screen: Screen, at now: Timestamp) -> String {
        var fields = Fields()
        fields.add(
            "Allowed",
            "\(entry.prefix), by \(entry.origin)" + (entry.since.map { ", since \($0.spoken)" } ?? ""))
        if let expires = entry.expires { fields.add("Left", expires.left(at: now)) }
        if let reason = entry.reason { fields.add("Reason", reason.printable) }
        return fields.text(on: screen)
    }

    private func describe(_ rule: BanReport, on screen: Screen, at now: Timestamp) -> String {
        var fields = Fields()
        let by = rule.origin == .manual ? "by hand" : "by Sluice"
        fields.add("Rule", "\(rule.ruleID): \(rule.spokenAction) on \(rule.prefix), \(by)")
        if let group = rule.group { fields.add("Group", group.printable) }
        fields.add("Reason", "\(rule.reason): \(rule.summary)".printable)
        fields.add("Since", "\(rule.since.spoken) (\(rule.since.age(at: now)))")
        fields.add("Left", rule.expires.map { "\($0.left(at: now)), until \($0.spoken)" } ?? "no end")
        let verb = rule.isShadowed ? "Would drop" : "Dropped"
        fields.add(verb, "\(counted(rule.dropped.packets, "packet")), \(Double(rule.dropped.bytes).bytes)")
        fields.add("Last hit", rule.lastHit?.age(at: now) ?? "never")
        if let hash = rule.configuration { fields.add("Configuration", String(hash.printable.prefix(16))) }
        if let pending = rule.pending {
            fields.add(
                "To confirm",
                "undone in \(pending.deadline.left(at: now)) unless: sluice confirm \(pending.id)")
        }
        return fields.text(on: screen)
    }

    private func describe(_ alert: AlertReport, on screen: Screen) -> String {
        let title = screen.wrapped(screen.styled("Why", .bold) + ": " + alert.summary.printable) + "\n"
        let score = "Score \(alert.score.short), threshold \(alert.threshold.short)"
        return title + screen.wrapped("\(score), model \(alert.model.printable).") + "\n"
            + features(alert.features, on: screen) + others(alert.othersNearer, on: screen)
    }

    /// What the column HARMLESS AT does not say.
    private func others(_ part: Double?, on screen: Screen) -> String {
        guard let part else { return "" }
        // As little as it shows must be enough.
        let percent = "\((part * 100).rounded(.up).grouped) %"
        let words = "Harmless only with all other features \(percent) nearer to what is usual, too."
        return screen.wrapped(words) + "\n"
    }

    private func describe(_ current: Explanation.Current?, on screen: Screen, at now: Timestamp) -> String {
        guard let current else {
            return screen.wrapped("Nothing of it was counted lately (what is dropped is not).") + "\n"
        }
        let subject = current.prefix.isSingleAddress ? "" : " (\(current.prefix))"
        let rates = "\(current.packetsPerSecond.grouped) packets/s, \(current.bytesPerSecond.bytes)/s"
        let score = "score \(current.score.short) (threshold \(current.threshold.short))"
        let words =
            "\(subject): \(rates), \(counted(current.flows, "flow")), \(score), seen \(current.time.age(at: now))."
        return screen.wrapped(screen.styled("Now", .bold) + words) + "\n"
            + features(current.features, on: screen)
    }

    private func features(_ features: [FeatureReport], on screen: Screen) -> String {
        guard !features.isEmpty else { return "" }
        return Table(features, FeatureReport.columns(of: features)).text(on: screen)
    }
}

extension Explanation.Similar {
    fileprivate static func columns(at now: Timestamp) -> [Column<Self>] {
        [
            Column(
                "likeness", "LIKE", .right, value: { $0.likeness }, cell: { Table.Cell($0.likeness.percent) }),
            Column("id", "ALERT", .right, value: { $0.alert.id }),
            Column(
                "age", "AGE", .right, value: { $0.alert.time.rfc3339 },
                cell: { Table.Cell($0.alert.time.age(at: now)) }),
            Column("prefix", "WHO", value: { $0.alert.prefix }),
            Column(
                "feedback", "JUDGED", value: { $0.alert.feedback?.rawValue },
                cell: { Table.Cell($0.alert.feedback.map { $0 == .bad ? "false alarm" : "right" } ?? "-") }),
            Column("summary", "WHY", isFlexible: true, value: { $0.alert.summary }),
        ]
    }
}

extension FeatureReport {
    /// What is known of usual ranges and harmless values is shown, if it is known of any.
    fileprivate static func columns(of features: [FeatureReport]) -> [Column<FeatureReport>] {
        var columns: [Column<FeatureReport>] = [
            Column("name", "FEATURE", isFlexible: true, value: { $0.name }),
            Column("value", "VALUE", .right, value: { $0.value }, cell: { Table.Cell($0.value.short) }),
            Column(
                "usual", "USUAL", .right, value: { $0.usual }, cell: { Table.Cell($0.usual.short, .faint) }),
        ]
        if features.contains(where: { $0.low != nil }) {
            columns.append(
                Column(
                    "range", "5 TO 95 %", .right, value: { $0.range },
                    cell: { Table.Cell($0.range, .faint) }))
        }
        if features.contains(where: { $0.harmless != nil }) {
            columns.append(
                Column(
                    "harmless", "HARMLESS AT", .right, value: { $0.harmless },
                    cell: { Table.Cell($0.harmless?.short ?? "-") }))
        }
        columns.append(
            Column(
                "share", "SHARE", .right, value: { $0.share },
                cell: { Table.Cell("\(($0.share * 100).grouped) %") }))
        return columns
    }

    /// The 5 and the 95 % point of what was learned.
    private var range: String {
        low.flatMap { low in high.map { "\(low.short) to \($0.short)" } } ?? "-"
    }
}
