import API
import ArgumentParser
import Control
import Foundation
import Lab
import Terminal

/// The command `sluice-lab demo`: the real agent on a gateway between real clients, real servers and real attackers.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Runs the agent in a lab of network namespaces, attacks it with real tools, and judges it.",
        discussion: """
            Takes about three minutes, needs root, and touches no network of the machine's own.

            Exit code: 0 if every attack was blocked and no legitimate client lost more than 1 % of its requests \
            after the block; 1 if not; 2 if the lab itself could not run; 130 if it was interrupted.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: "The agent's program.", completion: .file())
    var sluice: String

    @Option(
        name: .customLong("attack"),
        help: "Only this attack; may be repeated: \(Attack.all.map(\.name).joined(separator: ", ")).")
    var attackNames: [String] = []

    @Flag(help: "Keep the lab with agent and clients after the summary, until Ctrl-C, to attack it by hand.")
    var keepGoing = false

    @Option(help: "Lines for people, or one JSON object a line.")
    var format = Format.text

    @Option(help: "Seed of everything random: pace and pages of the clients, passwords of the attackers.")
    var seed: UInt64 = 1

    func validate() throws {
        let known = Set(Attack.all.map(\.name))
        if let unknown = attackNames.first(where: { !known.contains($0) }) {
            throw ValidationError(
                "no attack is called '\(unknown)'; there are \(known.sorted().joined(separator: ", "))")
        }
    }

    func run() async throws {
        let display = Display(style)
        let task = Task {
            guard geteuid() == 0 else { throw LabError("the lab makes network namespaces: run it as root") }
            try Toolbox.check(Toolbox.demo)
            guard FileManager.default.isExecutableFile(atPath: sluice) else {
                throw LabError("there is no program '\(sluice)': build the agent first")
            }
            let attacks =
                attackNames.isEmpty ? Attack.all : Attack.all.filter { attackNames.contains($0.name) }
            return try await Scenario(
                program: URL(filePath: sluice).path, attacks: attacks, seed: seed, keepsGoing: keepGoing,
                display: display, connect: { ControlClient(socket: $0) }
            ).run()
        }
        let signals = Interruption(of: task)
        defer { signals.end() }
        throw ExitCode(await exitCode(of: task))
    }

    /// What the shell is told.
    private func exitCode(of task: Task<Outcome, any Error>) async -> Int32 {
        do {
            return try await task.value.isSuccess ? 0 : 1
        } catch let error as AgentError {
            complain("FAILED: \(error)")
            return 1
        } catch {
            guard !task.isCancelled else {
                complain("interrupted; the lab is taken down")
                return 130
            }
            complain("\(error)")
            return 2
        }
    }

    private var style: Display.Style {
        if format == .json { return .json }
        // A terminal that wants no colours gets plain lines as well: it may not want to be redrawn either.
        return isatty(STDOUT_FILENO) == 1 && Screen.standardOutput.isColoured ? .live : .plain
    }
}
