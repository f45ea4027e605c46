import ArgumentParser

/// `sluice-lab`: networks of namespaces with real programs in them.
@main
struct SluiceLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice-lab",
        abstract:
            "Networks of namespaces with real programs in them; needs root, touches no network of the machine's own.",
        subcommands: [DemoCommand.self, BenignCommand.self], defaultSubcommand: DemoCommand.self)
}
