import ArgumentParser
import Control
import Features
import Terminal
import Traffic

/// The command `sluice top`.
struct TopCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "The busiest sources or destinations now.")

    @Option(help: "source: who sends. destination: who is sent to.")
    var view = Entity.View.source

    @Option(help: "How many.", transform: parseLimit)
    var limit = 20

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> TopList {
        TopList(view: view, entries: try await service.top(view: view, limit: limit))
    }

    func text(_ top: TopList, on screen: Screen, at now: Timestamp) -> String {
        guard !top.entries.isEmpty else { return "No traffic seen lately.\n" }
        var table = Table([
            Table.Column(top.view.rawValue.uppercased()),
            Table.Column("PACKETS/S", .right),
            Table.Column("BYTES/S", .right, dispensability: 1),
            Table.Column("FLOWS", .right, dispensability: 2),
            Table.Column("PEERS", .right, dispensability: 3),
            Table.Column("SCORE", .right),
            Table.Column("OF", .right),
            Table.Column("STATE"),
        ])
        for entry in top.entries {
            let isHigh = entry.score.flatMap { score in entry.threshold.map { score > $0 } } ?? false
            table.add([
                Table.Cell("\(entry.prefix)"),
                Table.Cell(entry.packetsPerSecond.grouped),
                Table.Cell(entry.bytesPerSecond.bytes),
                Table.Cell(entry.flows.grouped),
                Table.Cell(entry.peers.grouped),
                Table.Cell(entry.score?.short ?? "-", isHigh ? .bad : .plain),
                Table.Cell(entry.threshold?.short ?? "-", .faint),
                Table.Cell(entry.state.rawValue, entry.state.style),
            ])
        }
        return table.text(on: screen)
    }
}
