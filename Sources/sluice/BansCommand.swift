import API
import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice bans`.
struct BansCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "bans", abstract: "Bans and limits in force.")

    @OptionGroup var filter: FilterOptions

    @Option(
        help: "By what, numbers and times greatest first.", completion: .words(of: BanOrder.self),
        transform: parseChoice)
    var sort = BanOrder.since

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> BanList {
        BanList(bans: try await service.bans(filter.query(sort)))
    }

    func printout(_ list: BanList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.bans, nothing: filter.nothing("Nothing is banned or limited."), at: now)
    }
}

extension BanReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<BanReport>] {
        [
            Column("prefix", "WHO", value: { $0.prefix }, cell: { Table.Cell($0.spokenSubject) }),
            Column("protocol", value: { $0.target?.protocol }),
            Column("port", value: { $0.target?.port }),
            Column(
                "action", "ACTION", value: { $0.action.rawValue },
                cell: { Table.Cell($0.spokenAction, $0.style) }),
            Column("isShadowed", value: { $0.isShadowed }),
            Column("packetsPerSecond", value: { $0.packetsPerSecond }),
            Column(
                "origin", "BY", dispensability: 1, value: { $0.origin.rawValue },
                cell: {
                    Table.Cell($0.origin == .manual ? "hand" : "sluice" + ($0.group.map { ", \($0)" } ?? ""))
                }),
            Column(
                "since", "SINCE", .right, dispensability: 3, value: { $0.since.rfc3339 },
                cell: { Table.Cell($0.since.age(at: now)) }),
            Column(
                "expires", "LEFT", .right, value: { $0.expires?.rfc3339 },
                cell: { ban in
                    Table.Cell(
                        (ban.expires?.left(at: now) ?? "no end") + (ban.pending == nil ? "" : " to confirm"))
                }),
            Column(
                "dropped", "DROPPED", .right, value: { $0.dropped.packets },
                cell: { Table.Cell($0.dropped.packets.grouped) }),
            Column(
                "lastHit", "LAST HIT", .right, dispensability: 2, value: { $0.lastHit?.rfc3339 },
                cell: { Table.Cell($0.lastHit?.age(at: now) ?? "never") }),
            Column("reason", value: { $0.reason }),
            Column(
                "summary", "WHY", isFlexible: true, value: { $0.summary },
                cell: { Table.Cell("\($0.reason): \($0.summary)") }),
            Column("ruleID", value: { $0.ruleID }),
            Column("alertID", value: { $0.alertID }),
            Column("group", value: { $0.group }),
            Column("configuration", value: { $0.configuration }),
            Column("pending", value: { $0.pending?.id }),
            Column("lacksRoom", value: { $0.lacksRoom }),
        ]
    }
}
