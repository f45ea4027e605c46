import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice bans`.
struct BansCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "bans", abstract: "Every ban and limit in force, newest first.")

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> BanList {
        BanList(bans: try await service.bans())
    }

    func text(_ list: BanList, on screen: Screen, at now: Timestamp) -> String {
        guard !list.bans.isEmpty else { return "Nothing is banned or limited.\n" }
        var table = Table([
            Table.Column("WHO"),
            Table.Column("ACTION"),
            Table.Column("BY", dispensability: 1),
            Table.Column("SINCE", .right, dispensability: 3),
            Table.Column("LEFT", .right),
            Table.Column("DROPPED", .right),
            Table.Column("LAST HIT", .right, dispensability: 2),
            Table.Column("WHY", isFlexible: true),
        ])
        for ban in list.bans {
            table.add([
                Table.Cell(ban.spokenSubject),
                Table.Cell(ban.spokenAction, ban.style),
                Table.Cell(ban.origin == .manual ? "hand" : "sluice"),
                Table.Cell(ban.since.age(at: now)),
                Table.Cell(ban.expires?.left(at: now) ?? "no end"),
                Table.Cell(ban.dropped.packets.grouped),
                Table.Cell(ban.lastHit?.age(at: now) ?? "never"),
                Table.Cell("\(ban.reason): \(ban.summary)"),
            ])
        }
        return table.text(on: screen)
    }
}
