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

    func printout(_ list: AllowList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.allowed, nothing: "The allow-list is empty.", at: now)
    }
}

extension AllowReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<AllowReport>] {
        [
            Column("prefix", "PREFIX", value: { $0.prefix }),
            Column("origin", "BY", value: { $0.origin }, cell: { Table.Cell($0.spokenOrigin) }),
            Column(
                "since", "SINCE", .right, dispensability: 1, value: { $0.since?.rfc3339 },
                cell: { Table.Cell($0.since?.age(at: now) ?? "") }),
            Column(
                "expires", "LEFT", .right, value: { $0.expires?.rfc3339 },
                cell: { Table.Cell($0.expires?.left(at: now) ?? "no end") }),
            Column("reason", "WHY", isFlexible: true, value: { $0.reason }),
        ]
    }
}

/// The command `sluice allow add`.
struct AllowAddCommand: DocumentCommand {
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
struct AllowRemoveCommand: DocumentCommand {
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
