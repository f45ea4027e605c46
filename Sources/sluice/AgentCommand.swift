import ArgumentParser
import Configuration
import Control
import Foundation
import Terminal
import Traffic

/// How to reach the agent, and how to print what it says.
struct AgentOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Socket of the agent.", valueName: "path"))
    var socket = Configuration().socket

    @OptionGroup var output: OutputOptions
}

/// How to print.
struct OutputOptions: ParsableArguments {
    /// For people, or for programs.
    enum Format: String, CaseIterable, ExpressibleByArgument { case table, json }

    @Option(help: "For people (table), or the API's document (json).")
    var format = Format.table
}

/// A command that asks the agent something and prints the answer.
protocol AgentCommand: AsyncParsableCommand {
    /// What the agent answers, as the API has it.
    associatedtype Answer: Encodable & Sendable
    var agent: AgentOptions { get }

    /// Asks the agent.
    func ask(_ service: any ControlService) async throws -> Answer

    /// The answer for people. `now` is what ages are counted to.
    func text(_ answer: Answer, on screen: Screen, at now: Timestamp) -> String
}

extension AgentCommand {
    func run() async throws {
        try await finish {
            let answer = try await ask(ControlClient(socket: agent.socket))
            switch agent.output.format {
            case .table: return text(answer, on: .standardOutput, at: .now)
            case .json: return try Wire.text(answer) + "\n"
            }
        }
    }
}

/// Prints what `body` returns, or the error it throws, which then decides on the exit code.
func finish(_ body: () async throws -> String) async throws {
    do {
        let text = try await body()
        try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
        let failure = Failure(error)
        FileHandle.standardError.write(Data(failure.description.utf8))
        throw failure.exitCode
    }
}

extension Timestamp {
    /// The wall clock.
    static var now: Timestamp { Timestamp(seconds: Date().timeIntervalSince1970) }
}
