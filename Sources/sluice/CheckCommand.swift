import ArgumentParser
import Configuration
import Control

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
        if output.format == .json, !print, let file {
            let problems = problems(in: file)
            try await finish { try Wire.text(Verdict(file: file, problems: problems)) + "\n" }
            if !problems.isEmpty { throw ExitCode(2) }
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

    /// The result as JSON.
    private struct Verdict: Encodable {
        struct Problem: Encodable {
            var line: Int?
            var column: Int?
            var message: String
        }

        var file: String
        var problems: [Problem]
    }
}
