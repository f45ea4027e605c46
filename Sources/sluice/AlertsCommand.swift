import API
import ArgumentParser
import Control
import Features
import Policy
import Terminal
import Traffic

/// The command `sluice alerts`.
struct AlertsCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "What was out of the ordinary.",
        discussion: "The newest 20, unless --limit or another option says otherwise.")

    @OptionGroup var filter: FilterOptions

    @Option(
        help: "By what: the latest or the highest score first, or reasons from A to Z.",
        completion: .words(of: AlertOrder.self), transform: parseChoice)
    var sort = AlertOrder.time

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AlertList {
        var query = filter.query(sort)
        query.limit = filter.limit ?? 20
        return AlertList(alerts: try await service.alerts(query))
    }

    func printout(_ list: AlertList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.alerts, nothing: filter.nothing("No alerts."), at: now)
    }
}

extension AlertReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<AlertReport>] {
        [
            Column("id", value: { $0.id }),
            Column(
                "time", "TIME (UTC)", dispensability: 3, value: { $0.time.rfc3339 },
                cell: { Table.Cell(String($0.time.spoken.dropLast(4))) }),
            Column(
                "age", "AGE", .right, value: { (now - $0.time).seconds },
                cell: { Table.Cell($0.time.age(at: now)) }),
            Column("prefix", "WHO", value: { $0.prefix }),
            Column("view", "SEEN AS", dispensability: 4, value: { $0.view.rawValue }),
            Column(
                "score", "SCORE", .right, dispensability: 1, value: { $0.score },
                cell: { Table.Cell($0.score.short) }),
            Column(
                "threshold", "OF", .right, dispensability: 2, value: { $0.threshold },
                cell: { Table.Cell($0.threshold.short) }),
            Column(
                "action", "DONE", value: { $0.action.rawValue },
                cell: { Table.Cell($0.action == .alert ? "-" : $0.action.rawValue, $0.style) }),
            Column("reason", value: { $0.reason }),
            Column(
                "summary", "WHY", isFlexible: true, value: { $0.summary }, cell: { Table.Cell($0.why) }),
            Column("note", value: { $0.note }),
            Column("model", value: { $0.model }),
            Column("ruleID", value: { $0.ruleID }),
            Column("feedback", value: { $0.feedback?.rawValue }),
            Column("configuration", value: { $0.configuration }),
        ]
    }

    private var style: Style { action == .ban ? .bad : action == .limit ? .warning : .plain }

    private var why: String {
        "\(feedback == .bad ? "(false alarm) " : "")\(reason)\(note.map { ", not blocked because \($0)" } ?? ""): \(summary)"
    }
}
