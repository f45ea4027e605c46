import ArgumentParser
import Control
import Features
import Terminal
import Traffic

/// The command `sluice top`.
struct TopCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "The busiest sources or destinations now.")

    @Option(
        help: "source: who sends. destination: who is sent to.", completion: .words(of: Entity.View.self),
        transform: parseChoice)
    var view = Entity.View.source

    @Option(help: "How many.", transform: parseLimit)
    var limit = 20

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> TopList {
        TopList(view: view, entries: try await service.top(view: view, limit: limit))
    }

    func printout(_ top: TopList, at now: Timestamp) -> Printout {
        Printout(top, rows: top.entries, nothing: "No traffic seen lately.", at: now)
    }
}

extension TopEntry: ListRow {
    static func columns(at now: Timestamp) -> [Column<TopEntry>] {
        [
            Column("prefix", "WHO", value: { $0.prefix }),
            Column(
                "packetsPerSecond", "PACKETS/S", .right, value: { $0.packetsPerSecond },
                cell: { Table.Cell($0.packetsPerSecond.grouped) }),
            Column(
                "bytesPerSecond", "BYTES/S", .right, dispensability: 1, value: { $0.bytesPerSecond },
                cell: { Table.Cell($0.bytesPerSecond.bytes) }),
            Column(
                "flows", "FLOWS", .right, dispensability: 2, value: { $0.flows },
                cell: { Table.Cell($0.flows.grouped) }),
            Column(
                "peers", "PEERS", .right, dispensability: 3, value: { $0.peers },
                cell: { Table.Cell($0.peers.grouped) }),
            Column(
                "score", "SCORE", .right, value: { $0.score },
                cell: { Table.Cell($0.score?.short ?? "-", $0.isHigh ? .bad : .plain) }),
            Column(
                "threshold", "OF", .right, value: { $0.threshold },
                cell: { Table.Cell($0.threshold?.short ?? "-", .faint) }),
            Column(
                "state", "STATE", value: { $0.state.rawValue },
                cell: { Table.Cell($0.state.rawValue, $0.state.style) }),
        ]
    }

    private var isHigh: Bool {
        guard let score, let threshold else { return false }
        return score > threshold
    }
}
