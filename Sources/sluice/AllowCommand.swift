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

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Outcome<AllowResult> {
        let subjects = try subjects.read()
        if subjects.prefixes.count == 1 {
            let prefix = subjects.prefixes[0]
            return .one(
                try await service.allow(
                    AllowRequest(
                        prefix: prefix, duration: duration?.seconds, reason: reason,
                        confirm: confirm.time?.seconds)))
        }
        return .many(
            try await subjects.batch(
                .allow, duration: duration, reason: reason, confirm: confirm.time, service))
    }

    func text(_ outcome: Outcome<AllowResult>, on screen: Screen, at now: Timestamp) -> String {
        switch outcome {
        case .one(let result):
            let entry = result.entry
            let length = entry.expires.map { " for \($0.left(at: now))" } ?? ""
            let lifted = result.lifted.map { "Lifted the ban or limit on \($0).\n" }.joined()
            return "\(entry.prefix) is on the allow-list\(length).\n" + lifted
                + (entry.pending?.reminder(at: now) ?? "")
        case .many(let result):
            let length = duration.map { " for \($0.seconds.duration)" } ?? ""
            let lifted = result.lifted > 0 ? "Lifted \(result.lifted.grouped) bans and limits.\n" : ""
            return "\(result.count.grouped) prefixes are on the allow-list\(length).\n" + lifted
                + result.remarks(at: now)
        }
    }
}

/// The command `sluice allow remove`.
struct AllowRemoveCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take entries off the allow-list: exactly as in `sluice allow list`."
    )

    @OptionGroup var subjects: SubjectOptions

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Outcome<AllowReport> {
        let subjects = try subjects.read()
        if subjects.prefixes.count == 1 {
            let (prefix, time) = (subjects.prefixes[0], confirm.time?.seconds)
            return .one(try await service.disallow(prefix, confirm: time))
        }
        return .many(try await subjects.batch(.disallow, confirm: confirm.time, service))
    }

    func text(_ outcome: Outcome<AllowReport>, on screen: Screen, at now: Timestamp) -> String {
        switch outcome {
        case .one(let entry): "\(entry.prefix) is no longer on the allow-list.\n"
        case .many(let result):
            "\(result.count.grouped) prefixes are no longer on the allow-list.\n" + result.remarks(at: now)
        }
    }
}

extension AllowReport {
    fileprivate var spokenOrigin: String {
        origin == "manual" ? "hand" : origin
    }
}
