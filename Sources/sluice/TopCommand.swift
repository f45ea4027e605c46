import API
import ArgumentParser
import Control
import Features
import Terminal
import Traffic

/// The command `sluice top`.
struct TopCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Live: the busiest sources, destinations and flows, and what is banned.",
        discussion: """
            A full screen, renewed each second: 1 to 4 or Tab change the list, s what it is sorted by; b bans, \
            u unbans and a allows the row that is pointed at, after a question; e explains it; q ends. Where \
            output is no terminal, or with another --format than table, one list is printed.
            """)

    @Option(
        help: "source: who sends. destination: who is sent to.", completion: .words(of: Entity.View.self),
        transform: parseChoice)
    var view = Entity.View.source

    @Option(help: "How many.", transform: parseLimit)
    var limit = 20

    @Option(
        help: ArgumentHelp("Only sources that have an address in common with this.", valueName: "prefix"),
        transform: parsePrefix)
    var source: Prefix?

    @Option(
        help: "By what, greatest first.", completion: .words(of: TopOrder.self), transform: parseChoice)
    var sort = TopOrder.packets

    @OptionGroup var agent: AgentOptions

    func run() async throws {
        guard agent.output.format == .table, let screen = FullScreen() else { return try await answerOnce() }
        var view = TopView(
            service: ControlClient(socket: agent.socket),
            model: TopModel(tab: view == .source ? .sources : .destinations))
        await view.run(on: screen)
    }

    func ask(_ service: any ControlService) async throws -> TopList {
        let query = TopQuery(view: view, source: source, limit: limit, order: sort)
        return TopList(view: view, entries: try await service.top(query))
    }

    func validate() throws {
        if source != nil, view != .source { throw ValidationError("--source is for --view source") }
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
