import API
import ArgumentParser
import Configuration
import Control
import Foundation
import Glibc
import Terminal
import Traffic

/// How to reach the agent, and how to print what it says.
struct AgentOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Socket of the agent.", valueName: "path"))
    var socket = defaultSocket

    static let defaultSocket = Configuration().socket

    @OptionGroup var output: OutputOptions
}

/// A command that asks the agent something and prints the answer.
protocol AgentCommand: AsyncParsableCommand {
    /// What the agent answers, as the API has it.
    associatedtype Answer: Encodable & Sendable
    var agent: AgentOptions { get }

    /// Asks the agent.
    func ask(_ service: any ControlService) async throws -> Answer

    /// The answer in every format. `now` is what ages are counted to.
    func printout(_ answer: Answer, at now: Timestamp) -> Printout
}

extension AgentCommand {
    func run() async throws { try await answerOnce() }

    /// Asks, prints the answer, and that was all.
    func answerOnce() async throws {
        try await finish {
            let answer = try await ask(ControlClient(socket: agent.socket))
            return try printout(answer, at: .now).text(as: agent.output.format, on: .standardOutput)
        }
    }
}

/// A command whose answer is one document, not a list.
protocol DocumentCommand: AgentCommand {
    /// The answer for people.
    func text(_ answer: Answer, on screen: Screen, at now: Timestamp) -> String
}

extension DocumentCommand {
    func printout(_ answer: Answer, at now: Timestamp) -> Printout {
        Printout(answer) { text(answer, on: $0, at: now) }
    }
}

/// Prints what `body` returns, or the error it throws, which then decides on the exit code.
func finish(_ body: () async throws -> String) async throws {
    do {
        try say(try await body())
    } catch {
        let failure = Failure(error)
        FileHandle.standardError.write(Data(failure.description.utf8))
        throw failure.exitCode
    }
}

/// Writes to standard output; a reader who has gone (`sluice bans | head`) ends the command without a word.
///
/// For the sockets' sake, SwiftNIO has the signal ignored by which that is done.
func say(_ text: String) throws {
    guard !text.isEmpty else { return }
    _ = signal(SIGPIPE, SIG_DFL)
    defer { _ = signal(SIGPIPE, SIG_IGN) }
    try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
}

extension Timestamp {
    /// The wall clock.
    static var now: Timestamp { Timestamp(seconds: Date().timeIntervalSince1970) }
}
