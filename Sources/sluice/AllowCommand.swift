import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice allow`.
struct AllowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allow", abstract: "The allow-list: what is never dropped and never limited.",
        subcommands: [AllowListCommand.self, AllowAddCommand.self, AllowRemoveCommand.self],
        defaultSubcommand: AllowListCommand.self)
}

/// The command `sluice allow list`.
struct AllowListCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the allow-list, and what is protected automatically.")

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AllowList {
        AllowList(allowed: try await service.allowed())
    }

    func text(_ list: AllowList, on screen: Screen, at now: Timestamp) -> String {
        guard !list.allowed.isEmpty else { return "The allow-list is empty.\n" }
        var table = Table([
            Table.Column("PREFIX"),
            Table.Column("BY"),
            Table.Column("SINCE", .right, dispensability: 1),
            Table.Column("LEFT", .right),
            Table.Column("WHY", isFlexible: true),
        ])
        for entry in list.allowed {
            table.add([
                Table.Cell("\(entry.prefix)"),
                Table.Cell(entry.spokenOrigin),
                Table.Cell(entry.since?.age(at: now) ?? ""),
                Table.Cell(entry.expires?.left(at: now) ?? "no end"),
                Table.Cell(entry.reason ?? ""),
            ])
        }
        return table.text(on: screen)
    }
}

/// The command `sluice allow add`.
struct AllowAddCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add to the allow-list; lifts every ban and limit on what is added.")

    @Argument(help: "Address or prefix.", transform: parsePrefix)
    var prefix: Prefix

    @Option(help: "How long, such as 10m or 24h; otherwise until removed.", transform: parseDuration)
    var duration: Duration?

    @Option(help: "Why; shown by `allow list` and `explain`.")
    var reason: String?

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AllowResult {
        try await service.allow(AllowRequest(prefix: prefix, duration: duration?.seconds, reason: reason))
    }

    func text(_ result: AllowResult, on screen: Screen, at now: Timestamp) -> String {
        let entry = result.entry
        let length = entry.expires.map { " for \($0.left(at: now))" } ?? ""
        let lifted = result.lifted.map { "Lifted the ban or limit on \($0).\n" }.joined()
        return "\(entry.prefix) is on the allow-list\(length).\n" + lifted
    }
}

/// The command `sluice allow remove`.
struct AllowRemoveCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take an entry off the allow-list.")

    @Argument(help: "Address or prefix, exactly as in `sluice allow list`.", transform: parsePrefix)
    var prefix: Prefix

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AllowReport { try await service.disallow(prefix) }

    func text(_ entry: AllowReport, on screen: Screen, at now: Timestamp) -> String {
        "\(entry.prefix) is no longer on the allow-list.\n"
    }
}

extension AllowReport {
    fileprivate var spokenOrigin: String {
        switch origin {
        case "manual": "hand"
        case "automatic": "sluice"
        default: origin
        }
    }
}
