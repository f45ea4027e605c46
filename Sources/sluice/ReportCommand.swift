import API
import ArgumentParser
import Control
import Policy
import Terminal
import Traffic

/// The command `sluice report`.
struct ReportCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "What each mode would do on this network, and whether to move on.",
        discussion: """
            For each policy group, and first for everything in none: rules that were made or, in shadow, would have been; what they \
            stop and its share of all traffic; how much of it is from well-known sources (answered connections for ten \
            minutes, no verdict); how often rules were false, by `sluice feedback`, with intervals of 95 %; and advice with its reasons. \
            Kept by the hour, for 90 days.
            """)

    @Option(
        help: "From when on: how long ago (26h), or a time; otherwise seven days ago.", transform: parseSince)
    var since: Timestamp?

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> NetworkReport {
        try await service.report(since: since)
    }

    func printout(_ report: NetworkReport, at now: Timestamp) -> Printout {
        Printout(report, rows: report.groups.flatMap(OutcomeRow.rows), at: now) { screen in
            report.groups.map { $0.text(on: screen, at: now) }.joined(separator: "\n")
        }
    }
}

/// One mode of one group, as a line.
struct OutcomeRow: ListRow {
    var group: String?
    var outcome: NetworkReport.Outcome
    var isSet: Bool

    static func rows(of group: NetworkReport.Group) -> [OutcomeRow] {
        group.outcomes.map { OutcomeRow(group: group.name, outcome: $0, isSet: $0.mode == group.mode) }
    }

    static func columns(at now: Timestamp) -> [Column<OutcomeRow>] {
        [
            Column("group", value: { $0.group }),
            Column(
                "mode", "MODE", value: { $0.outcome.mode.rawValue },
                cell: {
                    Table.Cell(($0.isSet ? "* " : "  ") + $0.outcome.mode.rawValue, $0.isSet ? .bold : .plain)
                }),
            Column("isSet", value: { $0.isSet }),
            Column(
                "bans", "BANS", .right, value: { $0.outcome.bans },
                cell: { Table.Cell($0.outcome.bans.grouped) }),
            Column(
                "limits", "LIMITS", .right, value: { $0.outcome.limits },
                cell: { Table.Cell($0.outcome.limits.grouped) }),
            Column(
                "packets", "STOPS", .right, value: { $0.outcome.stopped.packets },
                cell: { Table.Cell($0.atLeast + $0.outcome.stopped.packets.grouped) }),
            Column(
                "bytes", "BYTES", .right, dispensability: 1, value: { $0.outcome.stopped.bytes },
                cell: { Table.Cell($0.atLeast + Double($0.outcome.stopped.bytes).bytes) }),
            Column(
                "share", "SHARE", .right, value: { $0.outcome.share },
                cell: { Table.Cell($0.outcome.share.percent) }),
            Column(
                "knownPackets", "OF KNOWN", .right, value: { $0.outcome.known.packets },
                cell: {
                    Table.Cell(
                        $0.outcome.known.packets.grouped, $0.outcome.known.packets > 0 ? .warning : .plain)
                }),
            Column("knownBytes", value: { $0.outcome.known.bytes }),
            Column(
                "knownSources", "KNOWN SOURCES", .right, dispensability: 2,
                value: { $0.outcome.knownSources },
                cell: { Table.Cell($0.outcome.knownSources.grouped) }),
            Column("isAtLeast", value: { $0.outcome.isAtLeast }),
        ]
    }

    private var atLeast: String { outcome.isAtLeast && outcome.stopped.packets > 0 ? "≥ " : "" }
}

extension NetworkReport.Group {
    fileprivate func text(on screen: Screen, at now: Timestamp) -> String {
        var fields = Fields()
        let spans = Mode.allCases.compactMap { mode in
            watched[mode.rawValue].map { "\(mode.rawValue) for \($0.duration)" }
        }
        fields.add(
            name.map { "Group \($0.printable)" } ?? "Mode",
            "\(screen.styled(mode.rawValue, .bold)); "
                + (spans.isEmpty ? "nothing seen yet" : spans.joined(separator: ", ")))
        fields.add("Seen", "\(counted(traffic.packets, "packet")), \(Double(traffic.bytes).bytes)")
        var text =
            fields.text(on: screen) + OutcomeRow.table(OutcomeRow.rows(of: self), at: now).text(on: screen)
        var more = Fields()
        if history.contains(where: { $0 > 0 }) {
            let line = Sparkline.text(history, width: max(10, min(60, screen.width - 40)))
            more.add("By hour", "\(line) bans stop \(history.max()?.grouped ?? "0") packets/h at most")
        }
        let wrong = falseAlarms
        more.add(
            "False rules",
            "\(wrong.wrong) of \(wrong.judged) judged; \(wrong.wrongPerDay.short) a day, with 95 % between \(wrong.low.short) and \(wrong.high.short)"
        )
        more.add(
            "False alarms",
            "\(wrong.acceptedPerDay.short) a day accepted, "
                + (wrong.realisedPerDay.map { "\($0.short) came" } ?? "too early to tell"))
        let verb: String =
            switch advice.move {
            case .stay: "stay"
            case .advance: screen.styled("move on to \(advice.mode?.rawValue ?? "")", .good)
            case .retreat: screen.styled("go back to \(advice.mode?.rawValue ?? "")", .bad)
            }
        more.add("Advice", verb + ": " + advice.reasons.map(\.printable).joined(separator: "; "))
        text += more.text(on: screen)
        return text
    }
}
