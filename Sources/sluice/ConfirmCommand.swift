import API
import ArgumentParser
import Control
import Terminal
import Traffic

/// The option of commands whose change can be made to depend on a confirmation.
struct ConfirmOption: ParsableArguments {
    @Option(
        name: .customLong("confirm"),
        help: ArgumentHelp(
            "Undo it after this time, such as 5m, unless `sluice confirm` comes before.",
            valueName: "duration"),
        transform: parseDuration)
    var time: Duration?
}

/// The command `sluice confirm`.
struct ConfirmCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm", abstract: "Keep changes that would be undone: those made with --confirm.",
        discussion: """
            `ban`, `unban`, `allow` and `mode` take --confirm 5m: if the change locks you out, it is undone after that time, \
            whether or not the agent runs then. `sluice status` shows what waits.
            """)

    @Argument(
        help: ArgumentHelp("Numbers of changes; all that wait, if there are none.", valueName: "number"))
    var changes: [Int64] = []

    @Flag(help: "Show what waits, and confirm nothing.")
    var list = false

    @OptionGroup var agent: AgentOptions

    func validate() throws {
        if list, !changes.isEmpty { throw ValidationError("--list shows all; leave out the numbers") }
    }

    func ask(_ service: any ControlService) async throws -> PendingList {
        if list { return PendingList(pending: try await service.pending()) }
        let request = ConfirmRequest(changes: changes.isEmpty ? nil : changes)
        return PendingList(pending: try await service.confirm(request))
    }

    func printout(_ answer: PendingList, at now: Timestamp) -> Printout {
        if list {
            return Printout(answer, rows: answer.pending, nothing: "Nothing waits to be confirmed.", at: now)
        }
        return Printout(answer) { _ in
            answer.pending.map { "Confirmed change \($0.id): \($0.summary.printable).\n" }.joined()
        }
    }
}

extension PendingReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<PendingReport>] {
        [
            Column("id", "CHANGE", .right, value: { $0.id }),
            Column("made", "MADE", value: { $0.made.rfc3339 }, cell: { Table.Cell($0.made.age(at: now)) }),
            Column(
                "deadline", "UNDONE IN", .right, value: { $0.deadline.rfc3339 },
                cell: { Table.Cell($0.deadline.left(at: now), .warning) }),
            Column("summary", "WHAT", isFlexible: true, value: { $0.summary }),
        ]
    }

    /// What there is to do, for people: a line.
    func reminder(at now: Timestamp) -> String {
        "Undone in \(deadline.left(at: now)) unless you confirm it: sluice confirm \(id)\n"
    }
}
