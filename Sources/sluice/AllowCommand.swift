import API
import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice allow`.
struct AllowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allow", abstract: "The allow-list: what is never dropped and never limited.",
        discussion:
            "Its packets pass, whatever rules there are. What no rule is to be made on: `sluice protect`.",
        subcommands: [AllowListCommand.self, AllowAddCommand.self, AllowRemoveCommand.self],
        defaultSubcommand: AllowListCommand.self)
}

/// The command `sluice allow list`.
struct AllowListCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the allow-list.")

    @OptionGroup var filter: FilterOptions

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AllowList {
        AllowList(
            allowed: filter.select(
                try await service.allowed(), since: { $0.since }, source: { $0.prefix }, reason: { $0.reason }
            ))
    }

    func printout(_ list: AllowList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.allowed, nothing: filter.nothing("The allow-list is empty."), at: now)
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
                cell: { entry in
                    Table.Cell(
                        (entry.expires?.left(at: now) ?? "no end")
                            + (entry.pending == nil ? "" : " to confirm"))
                }),
            Column("pending", value: { $0.pending?.id }),
            Column("reason", "WHY", isFlexible: true, value: { $0.reason }),
        ]
    }
}

/// The command `sluice allow add`.
struct AllowAddCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add to the allow-list; lifts every ban and limit on what is added.")

    @OptionGroup var subjects: SubjectOptions

    @Option(help: "How long, such as 10m or 24h; otherwise until removed.", transform: parseDuration)
    var duration: Duration?

    @Option(help: "Why; shown by `allow list` and `explain`.")
    var reason: String?

    @Flag(help: "Take prefixes wider than /8 (IPv6: /16), too: nothing from there is dropped any more.")
    var force = false

    @OptionGroup var skip: SkipOption

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Changed {
        try await subjects.read(skippingMistakes: skip.skipRefused).change {
            try await service.allow(
                AddRequest(
                    prefixes: $0, duration: duration?.seconds, reason: reason,
                    confirm: confirm.time?.seconds, force: force ? true : nil,
                    skipRefused: skip.skipRefused ? true : nil, dryRun: subjects.dryRun ? true : nil))
        }
    }

    func text(_ changed: Changed, on screen: Screen, at now: Timestamp) -> String {
        let length = duration.map { " for \($0.seconds.duration)" } ?? ""
        return changed.opening + "\(changed.subject) on the allow-list\(length).\n" + changed.lifted
            + changed.remarks(at: now)
    }
}

/// The command `sluice allow remove`.
struct AllowRemoveCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take entries off the allow-list: exactly as in `sluice allow list`."
    )

    @OptionGroup var subjects: SubjectOptions

    @OptionGroup var missing: MissingOption

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Changed {
        try await subjects.read().change {
            try await service.disallow(
                RemoveRequest(
                    prefixes: $0, confirm: confirm.time?.seconds, missingOk: missing.missingOk ? true : nil,
                    dryRun: subjects.dryRun ? true : nil))
        }
    }

    func text(_ changed: Changed, on screen: Screen, at now: Timestamp) -> String {
        changed.opening + "\(changed.subject) no longer on the allow-list.\n" + changed.remarks(at: now)
    }
}

extension AllowReport {
    fileprivate var spokenOrigin: String {
        origin == "manual" ? "hand" : origin
    }
}
