import API
import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice protect`.
struct ProtectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "protect", abstract: "What Sluice makes no rule on by itself.",
        discussion: """
            Protection keeps rules from being made; it lets nothing pass. A limit on a service under attack counts \
            protected clients like all others, and `sluice ban` of them needs --force. What is to pass whatever \
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
                "origin", "BY", value: { $0.origin.rawValue },
                cell: { Table.Cell($0.origin == .manual ? "hand" : "sluice") }),
            Column(
                "since", "SINCE", .right, dispensability: 1, value: { $0.since?.rfc3339 },
                cell: { Table.Cell($0.since?.age(at: now) ?? "") }),
            Column(
                "isVital", "BANNED BY HAND", value: { $0.isVital },
                cell: { Table.Cell($0.isVital ? "never" : "with --force", .faint) }),
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

    @OptionGroup var skip: SkipOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Changed {
        try await subjects.read(skippingMistakes: skip.skipRefused).change {
            try await service.protect(
                ProtectRequest(
                    prefixes: $0, reason: reason, skipRefused: skip.skipRefused ? true : nil,
                    dryRun: subjects.dryRun ? true : nil))
        }
    }

    func text(_ changed: Changed, on screen: Screen, at now: Timestamp) -> String {
        changed.opening + "\(changed.subject) protected.\n" + changed.lifted + changed.remarks(at: now)
    }
}

/// The command `sluice protect remove`.
struct ProtectRemoveCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "No longer protect what was named: exactly as in `sluice protect list`."
    )

    @OptionGroup var subjects: SubjectOptions

    @OptionGroup var missing: MissingOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Changed {
        try await subjects.read().change {
            try await service.unprotect(
                UnprotectRequest(
                    prefixes: $0, missingOk: missing.missingOk ? true : nil,
                    dryRun: subjects.dryRun ? true : nil))
        }
    }

    func text(_ changed: Changed, on screen: Screen, at now: Timestamp) -> String {
        changed.opening + "\(changed.subject) no longer protected.\n" + changed.remarks(at: now)
    }
}
