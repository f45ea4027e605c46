import API
import ArgumentParser
import Control
import Policy
import Terminal
import Traffic

/// The command `sluice mode`.
struct ModeCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "mode", abstract: "Show how far Sluice goes by itself, or change it at once.",
        discussion: """
            learn: decides nothing. shadow: decides and counts, drops nothing. limit: limits sources. enforce: bans \
            sources. Rules in force change with the mode, without a gap. The change is remembered until the \
            configuration says another mode than now. It also closes a circuit breaker that has tripped.
            """)

    @Argument(
        help: "learn, shadow, limit or enforce.", completion: .words(of: Mode.self), transform: parseChoice)
    var mode: Mode?

    @Option(help: "For this policy group only; otherwise for all that is in no group.")
    var group: String?

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func validate() throws {
        if group != nil, mode == nil { throw ValidationError("--group needs a mode") }
        if confirm.time != nil, mode == nil { throw ValidationError("--confirm needs a mode") }
    }

    func ask(_ service: any ControlService) async throws -> ModeReport {
        guard let mode else { return try await service.modes() }
        return try await service.setMode(
            ModeRequest(mode: mode, group: group, confirm: confirm.time?.seconds))
    }

    func text(_ report: ModeReport, on screen: Screen, at now: Timestamp) -> String {
        var fields = Fields()
        for group in report.groups {
            let protects = group.protects.map(\.description).joined(separator: ", ")
            let arrivals = (group.interfaces + group.roles).map(\.printable).joined(separator: ", ")
            var origin = group.mode == group.configured ? "" : " (configured: \(group.configured.rawValue))"
            if let pending = group.pending {
                origin += ", undone in \(pending.deadline.left(at: now)) unless: sluice confirm \(pending.id)"
            }
            fields.add(
                group.name?.printable ?? "Mode",
                group.mode.rawValue + origin + (protects.isEmpty ? "" : ", for attacks on \(protects)")
                    + (arrivals.isEmpty ? "" : ", for what comes in by \(arrivals)"))
        }
        if let trip = report.trip { fields.add("Tripped", screen.styled(trip.printable, .bad)) }
        return fields.text(on: screen)
    }
}
