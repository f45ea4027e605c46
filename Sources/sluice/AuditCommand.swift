import API
import ArgumentParser
import Control
import Foundation
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

    @Option(
        help: "Only those of this kind, such as ban, allow or mode.",
        completion: .words(of: AuditKind.self), transform: parseChoice)
    var kind: AuditKind?

    @OptionGroup var filter: FilterOptions

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AuditList {
        AuditList(
            lines: try await service.audit(
                AuditQuery(
                    since: filter.since, source: filter.source, reason: filter.reason, kind: kind,
                    limit: filter.limit ?? 20)))
    }

    func printout(_ list: AuditList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.lines, nothing: filter.nothing("Nothing was done."), at: now)
    }
}

extension AuditReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<AuditReport>] {
        [
            Column("id", "LINE", .right, dispensability: 3, value: { $0.id }),
            Column(
                "time", "TIME (UTC)", value: { $0.time.rfc3339 },
                cell: { Table.Cell(String($0.time.spoken.dropLast(4))) }),
            Column("who", "WHO", dispensability: 2, value: { $0.who }),
            Column("verb", "DID", value: { $0.verb }),
            Column("subject", "TO", value: { $0.subject }),
            Column("detail", "WHY", isFlexible: true, value: { $0.detail }, cell: { Table.Cell($0.words) }),
        ]
    }
}

extension AuditReport {
    /// What people want to know of `detail`: why it was done, how it ended.
    var words: String {
        struct Known: Decodable { var reason, summary, ending: String? }
        guard let known = try? JSONDecoder().decode(Known.self, from: Data(detail.utf8)) else {
            return detail
        }
        let words = [known.reason, known.summary].compactMap(\.self).filter { !$0.isEmpty }
        return words.joined(separator: ": ") + (known.ending.map { " (\($0))" } ?? "")
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
        let progress = ProgressLine()
        defer { progress.clear() }
        let verdict = try await service.verifyAudit(reporting: { part in
            progress.show("verified \(part.last.grouped) of \(part.newest.grouped) lines")
        })
        guard let broken = verdict.broken else { return verdict }
        throw Failure(
            "the audit trail is broken at line \(broken) of \(verdict.newest.grouped)",
            hint: "That line, or what stood before it, is not what was written.", exitCode: ExitCode(7))
    }

    func text(_ verdict: AuditVerdict, on screen: Screen, at now: Timestamp) -> String {
        "\(screen.styled("Whole", .good)): \(counted(verdict.lines, "line")), last hash \(verdict.head.printable)\n"
    }
}
