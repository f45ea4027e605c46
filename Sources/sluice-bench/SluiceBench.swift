import ArgumentParser

/// What `scripts/bench` measures from Swift, through the agent's own calls.
@main
struct SluiceBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice-bench",
        abstract: "Measures what the agent does with the kernel's tables; see scripts/bench.",
        subcommands: [
            DigestCommand.self, KindsCommand.self, ReadingCommand.self, RestoreCommand.self,
            RulesCommand.self, SlotsCommand.self,
            StallCommand.self, WindowsCommand.self,
        ])
}
