import ArgumentParser
import Configuration
import Terminal
import Traffic

/// The command `sluice check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a configuration file, or print one.",
        discussion: """
            Reports every mistake as FILE:LINE:COLUMN. With --print, the configuration is printed with all \
            keys and a comment on each; without a file, the defaults: `sluice check --print > sluice.yaml`.
            """)

    @Argument(help: "Configuration file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String?

    @Flag(help: "Print the configuration.")
    var print = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if file == nil, !print { throw ValidationError("name a file, or use --print for the defaults") }
    }

    func run() async throws {
        if output.format != .table, !print, let file {
            let result = Verdict(file: file, problems: problems(in: file))
            try await finish {
                let printout = Printout(result, rows: result.problems, nothing: "", at: .now)
                return try printout.text(as: output.format, on: .standardOutput)
            }
            if !result.problems.isEmpty { throw ExitCode(2) }
            return
        }
        try await finish {
            let configuration = try file.map { try Configuration(file: $0) } ?? Configuration()
            return print ? configuration.text : "\(file ?? ""): correct\n"
        }
    }

    private func problems(in file: String) -> [Verdict.Problem] {
        do {
            _ = try Configuration(file: file)
            return []
        } catch {
            return error.problems.map {
                Verdict.Problem(line: $0.line, column: $0.column, message: $0.message)
            }
        }
    }

    /// The result for programs.
    private struct Verdict: Encodable {
        struct Problem: ListRow {
            var line: Int?
            var column: Int?
            var message: String

            static func columns(at now: Timestamp) -> [Column<Problem>] {
                [
                    Column("line", "LINE", .right, value: { $0.line }),
                    Column("column", "COLUMN", .right, value: { $0.column }),
                    Column("message", "MESSAGE", value: { $0.message }),
                ]
            }
        }

        var file: String
        var problems: [Problem]
    }
}
