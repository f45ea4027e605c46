import ArgumentParser
import Configuration
import Terminal
import Traffic

/// The command `sluice check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a configuration file and its drop-ins.",
        discussion: "Reports every mistake as FILE:LINE:COLUMN. `sluice config --default` writes a file.")

    @Argument(help: "Configuration file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard output.format != .table else {
            try await finish {
                _ = try Configuration(file: file)
                return "\(file): correct\n"
            }
            return
        }
        let result = Verdict(file: file, problems: problems(in: file))
        try await finish {
            let printout = Printout(result, rows: result.problems, nothing: "", at: .now)
            return try printout.text(as: output.format, on: .standardOutput)
        }
        if !result.problems.isEmpty { throw ExitCode(2) }
    }

    private func problems(in file: String) -> [Verdict.Problem] {
        do {
            _ = try Configuration(file: file)
            return []
        } catch {
            return error.problems.map {
                Verdict.Problem(file: $0.file, line: $0.line, column: $0.column, message: $0.message)
            }
        }
    }

    /// The result for programs.
    private struct Verdict: Encodable {
        struct Problem: ListRow {
            var file: String
            var line: Int?
            var column: Int?
            var message: String

            static func columns(at now: Timestamp) -> [Column<Problem>] {
                [
                    Column("file", "FILE", value: { $0.file }),
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
