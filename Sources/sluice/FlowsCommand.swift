import API
import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice flows`.
struct FlowsCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "flows", abstract: "The busiest flows now.",
        discussion: """
            Of the latest reading, a fraction of a second. A flow is one direction of a conversation; what is \
            dropped is in none. Of ICMP, the destination port is type * 256 + code.
            """)

    @Option(
        help: ArgumentHelp("Only flows from a source in this.", valueName: "prefix"), transform: parsePrefix)
    var source: Prefix?

    @Option(help: "How many.", transform: parseLimit)
    var limit = 20

    @Option(help: "By what, greatest first.", completion: .words(of: FlowOrder.self), transform: parseChoice)
    var sort = FlowOrder.packets

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> FlowList {
        FlowList(
            flows: try await service.flows(FlowQuery(source: source, limit: limit, order: sort)))
    }

    func printout(_ list: FlowList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.flows, nothing: "No flow in the latest reading.", at: now)
    }
}

extension FlowReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<FlowReport>] {
        [
            Column("source", "SOURCE", value: { $0.source }),
            Column("sourcePort", "PORT", .right, dispensability: 2, value: { $0.sourcePort }),
            Column("destination", "DESTINATION", value: { $0.destination }),
            Column("destinationPort", "PORT", .right, value: { $0.destinationPort }),
            Column("protocol", "PROTOCOL", dispensability: 1, value: { $0.protocol }),
            Column(
                "packetsPerSecond", "PACKETS/S", .right, value: { $0.packetsPerSecond },
                cell: { Table.Cell($0.packetsPerSecond.grouped) }),
            Column(
                "bytesPerSecond", "BYTES/S", .right, dispensability: 3, value: { $0.bytesPerSecond },
                cell: { Table.Cell($0.bytesPerSecond.bytes) }),
        ]
    }
}
