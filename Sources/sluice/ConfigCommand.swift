import API
import Agent
import ArgumentParser
import Configuration
import Control
import Terminal
import Traffic

/// The command `sluice config`.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "The configuration in use, and where each value is from.",
        discussion: """
            Asks the running agent. With --config, reads a file and its drop-ins instead. A value is from the \
            defaults, a file, a drop-in (FILE.d/*.yaml, in the order of their names; a list takes the place of \
            an earlier one as a whole) or a flag of `sluice run`. The hash of keys and values, as `sluice status` shows it and \
            decisions are recorded with it, is the member `hash` of --format json.
            """)

    @Option(
        help: ArgumentHelp("Read this file, and ask no agent.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Flag(help: "Print a file with every key, its meaning and its default.")
    var `default` = false

    @Flag(help: "Print the JSON Schema of the file, for editors.")
    var schema = false

    @OptionGroup var agent: AgentOptions

    func validate() throws {
        if [`default`, schema, config != nil].count(where: { $0 }) > 1 {
            throw ValidationError("--config, --default and --schema exclude each other")
        }
    }

    func run() async throws {
        try await finish {
            if `default` { return Configuration().text }
            if schema { return try Configuration.jsonSchema + "\n" }
            let list: SettingList
            if let config {
                let loaded = try LoadedConfiguration(file: config)
                list = SettingList(settings: loaded.settings.map(SettingReport.init), hash: loaded.hash)
            } else {
                list = try await ControlClient(socket: agent.socket).settings()
            }
            return try Printout(list, rows: list.settings, nothing: "", at: .now)
                .text(as: agent.output.format, on: .standardOutput)
        }
    }
}

/// The command `sluice reload`.
struct ReloadCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Let the agent read its configuration again.",
        discussion: """
            All of it holds from then on, or nothing of it: if it has a mistake, or changes a key that needs a \
            restart (`sluice config` shows which do), the old one stays, and the reason is told. The same as \
            SIGHUP.
            """)

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> SettingList {
        SettingList(settings: try await service.reload())
    }

    func printout(_ list: SettingList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.settings, nothing: "Nothing has changed.", at: now)
    }
}

extension SettingReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<SettingReport>] {
        [
            Column("key", "KEY", value: { $0.key }),
            Column("value", "VALUE", isFlexible: true, value: { $0.value }),
            Column("origin", "FROM", isFlexible: true, value: { $0.origin }),
            Column(
                "isReloadable", "CHANGE BY", dispensability: 1, value: { $0.isReloadable },
                cell: { Table.Cell($0.isReloadable ? "reload" : "restart", .faint) }),
        ]
    }
}
