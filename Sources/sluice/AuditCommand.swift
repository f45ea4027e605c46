import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Who did what, and when; and whether that record is whole.",
        subcommands: [AuditListCommand.self, AuditVerifyCommand.self],
        defaultSubcommand: AuditListCommand.self)
}

/// The command `sluice audit list`.
struct AuditListCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The audit trail, newest first.")

    @Option(help: "Only later lines: how long ago (1h), or a time.", transform: parseSince)
    var since: Timestamp?

    @Option(help: "How many at most.", transform: parseLimit)
    var limit = 20

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AuditList {
        AuditList(lines: try await service.audit(since: since, limit: limit))
    }

    func printout(_ list: AuditList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.lines, nothing: "Nothing was done.", at: now)
    }
}

extension AuditReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<AuditReport>] {
        [
            Column("id", "LINE", .right, dispensability: 1, value: { $0.id }),
            Column(
                "time", "TIME (UTC)", value: { $0.time.rfc3339 },
                cell: { Table.Cell(String($0.time.spoken.dropLast(4))) }),
            Column("who", "WHO", value: { $0.who }),
            Column("verb", "DID", value: { $0.verb }),
            Column("subject", "TO", value: { $0.subject }),
            Column("detail", "WHY", isFlexible: true, value: { $0.detail }),
        ]
    }
}

/// The command `sluice audit verify`.
struct AuditVerifyCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Tell whether the audit trail was tampered with.",
        discussion: """
            Each line has the hash of itself and of the line before. What was changed, removed or put in between is found; \
            lines cut off the end are not, unless you noted the last hash elsewhere.
            """)

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AuditVerdict {
        let verdict = try await service.verifyAudit()
        guard let broken = verdict.broken else { return verdict }
        throw Failure(
            "the audit trail is broken at line \(broken) of \(counted(verdict.lines, "line"))",
            hint: "That line, or what stood before it, is not what was written.", exitCode: ExitCode(7))
    }

    func text(_ verdict: AuditVerdict, on screen: Screen, at now: Timestamp) -> String {
        "\(screen.styled("Whole", .good)): \(counted(verdict.lines, "line")), last hash \(verdict.head.printable)\n"
    }
}
