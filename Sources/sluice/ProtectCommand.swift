import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice protect`.
struct ProtectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "protect", abstract: "What no rule may be made on, neither by Sluice nor by hand.",
        discussion: """
            Protection keeps rules from being made; it lets nothing pass. A limit on a service under attack counts \
            protected clients like all others, and `sluice ban` of them is refused (exit code 5). What is to pass whatever \
            happens belongs on the allow-list: `sluice allow`.
            """,
        subcommands: [ProtectListCommand.self, ProtectAddCommand.self, ProtectRemoveCommand.self],
        defaultSubcommand: ProtectListCommand.self)
}

/// The command `sluice protect list`.
struct ProtectListCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show what is protected: found on this machine, or named by hand.")

    @OptionGroup var filter: FilterOptions

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> ProtectList {
        ProtectList(
            protected: filter.select(
                try await service.protected(), since: { $0.since }, source: { $0.prefix },
                reason: { $0.reason }
            ))
    }

    func printout(_ list: ProtectList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.protected, nothing: filter.nothing("Nothing is protected."), at: now)
    }
}

extension ProtectReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<ProtectReport>] {
        [
            Column("prefix", "PREFIX", value: { $0.prefix }),
            Column(
                "origin", "BY", value: { $0.origin },
                cell: { Table.Cell($0.origin == "manual" ? "hand" : "sluice") }),
            Column(
                "since", "SINCE", .right, dispensability: 1, value: { $0.since?.rfc3339 },
                cell: { Table.Cell($0.since?.age(at: now) ?? "") }),
            Column(
                "passes", "PASSES LIMITS", value: { $0.passes },
                cell: { Table.Cell($0.passes ? "yes" : "no", .faint) }),
            Column("reason", "WHY", isFlexible: true, value: { $0.reason }),
        ]
    }
}

/// The command `sluice protect add`.
struct ProtectAddCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Protect by name; lifts automatic bans and limits on what is named.",
        discussion: "Refused while it is banned by hand, or part of such a ban: unban that first.")

    @OptionGroup var subjects: SubjectOptions

    @Option(help: "Why; shown by `protect list` and `explain`.")
    var reason: String?

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Outcome<ProtectResult> {
        let subjects = try subjects.read()
        if subjects.prefixes.count == 1 {
            return .one(
                try await service.protect(ProtectRequest(prefix: subjects.prefixes[0], reason: reason)))
        }
        return .many(try await subjects.batch(.protect, reason: reason, service))
    }

    func text(_ outcome: Outcome<ProtectResult>, on screen: Screen, at now: Timestamp) -> String {
        switch outcome {
        case .one(let result):
            let lifted = result.lifted.map { "Lifted the ban or limit on \($0).\n" }.joined()
            return "\(result.entry.prefix) is protected.\n" + lifted
        case .many(let result):
            let lifted = result.lifted > 0 ? "Lifted \(result.lifted.grouped) bans and limits.\n" : ""
            return "\(result.count.grouped) prefixes are protected.\n" + lifted
        }
    }
}

/// The command `sluice protect remove`.
struct ProtectRemoveCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "No longer protect what was named: exactly as in `sluice protect list`."
    )

    @OptionGroup var subjects: SubjectOptions

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Outcome<ProtectReport> {
        let subjects = try subjects.read()
        if subjects.prefixes.count == 1 {
            return .one(try await service.unprotect(subjects.prefixes[0]))
        }
        return .many(try await subjects.batch(.unprotect, service))
    }

    func text(_ outcome: Outcome<ProtectReport>, on screen: Screen, at now: Timestamp) -> String {
        switch outcome {
        case .one(let entry): "\(entry.prefix) is no longer protected.\n"
        case .many(let result):
            "\(result.count.grouped) prefixes are no longer protected.\n" + result.remarks(at: now)
        }
    }
}
