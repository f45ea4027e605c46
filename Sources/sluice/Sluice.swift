import API
import ArgumentParser

/// The root command.
@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Learns what is normal on a network, and shuts out what is not.",
        discussion: """
            Exit codes:
              0   done
              1   failed
              2   the configuration cannot be used
              3   no agent answers
              4   no such ban, entry or change
              5   refused: protected, on the allow-list, too wide, or in the configuration
              6   not allowed: the socket's groups do not let this user do it
              7   the audit trail was tampered with
              64  wrong usage

            Colours are off when NO_COLOR is set or the output is no terminal; COLUMNS sets the width.
            """,
        version: "sluice \(Version.current)",
        groupedSubcommands: [
            CommandGroup(
                name: "Agent",
                subcommands: [
                    RunCommand.self, DetachCommand.self, DoctorCommand.self, CheckCommand.self,
                    ConfigCommand.self, ReloadCommand.self, ChainCommand.self,
                ]),
            CommandGroup(
                name: "What it sees",
                subcommands: [
                    StatusCommand.self, TopCommand.self, FlowsCommand.self, EventsCommand.self,
                    AlertsCommand.self,
                    ExplainCommand.self, FeedbackCommand.self, AuditCommand.self,
                ]),
            CommandGroup(
                name: "What it does",
                subcommands: [
                    BansCommand.self, BanCommand.self, UnbanCommand.self, ProveCommand.self,
                    AllowCommand.self,
                    ProtectCommand.self, ModeCommand.self, ConfirmCommand.self, ReportCommand.self,
                ]),
            CommandGroup(
                name: "Captures and models",
                subcommands: [
                    ReplayCommand.self, EvaluateCommand.self, WindowsCommand.self, TrainCommand.self,
                    ModelCommand.self,
                ]),
        ])
}
