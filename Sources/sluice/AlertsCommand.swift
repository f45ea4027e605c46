import ArgumentParser
import Control
import Features
import Terminal
import Traffic

/// The command `sluice alerts`.
struct AlertsCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "What was out of the ordinary, newest first.")

    @Option(help: "Only later ones: how long ago (1h), or a time.", transform: parseSince)
    var since: Timestamp?

    @Option(help: "How many at most.", transform: parseLimit)
    var limit = 20

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AlertList {
        AlertList(alerts: try await service.alerts(since: since, limit: limit))
    }

    func text(_ list: AlertList, on screen: Screen, at now: Timestamp) -> String {
        list.alerts.isEmpty ? "No alerts.\n" : alertTable(list.alerts, at: now).text(on: screen)
    }
}

/// Alerts as `sluice alerts` and `sluice explain` show them.
func alertTable(_ alerts: [AlertReport], at now: Timestamp) -> Table {
    var table = Table([
        Table.Column("TIME (UTC)", dispensability: 3),
        Table.Column("AGE", .right),
        Table.Column("WHO"),
        Table.Column("SEEN AS", dispensability: 4),
        Table.Column("SCORE", .right, dispensability: 1),
        Table.Column("OF", .right, dispensability: 2),
        Table.Column("DONE"),
        Table.Column("WHY", isFlexible: true),
    ])
    for alert in alerts {
        let style: Style = alert.action == .ban ? .bad : alert.action == .limit ? .warning : .plain
        let note = alert.note.map { ", not blocked because \($0)" } ?? ""
        table.add([
            Table.Cell(String(alert.time.spoken.dropLast(4))),
            Table.Cell(alert.time.age(at: now)),
            Table.Cell("\(alert.prefix)"),
            Table.Cell(alert.view.rawValue),
            Table.Cell(alert.score.short),
            Table.Cell(alert.threshold.short),
            Table.Cell(alert.action == .alert ? "-" : alert.action.rawValue, style),
            Table.Cell("\(alert.reason)\(note): \(alert.summary)"),
        ])
    }
    return table
}
