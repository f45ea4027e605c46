import API
import Control
import Foundation
import Testing

/// `sluice run` in the gateway's namespace, and the commands that ask it.
struct RunningAgent {
    let site: Site
    let program: Program

    var socket: String { site.folder.appending(path: "s.sock").path }

    /// The configuration that tests begin with: enforcing, without learning.
    static func configuration(_ site: Site, with more: String = "", state: String? = nil) -> String {
        """
        interfaces: [wan]
        mode: enforce
        state: \(state ?? "\(site.folder.path)/sluice.db")
        socket: \(site.folder.path)/s.sock

        """ + more
    }

    /// Starts `sluice run` with a configuration file of this text.
    static func program(
        _ site: Site, configuration: String, _ arguments: [String] = [], environment: [String] = [],
        by path: String = sluicePath
    ) throws -> Program {
        let file = site.folder.appending(path: "sluice.yaml")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        return try site.start(
            ["env"] + environment + [path, "run", "--config", file.path] + arguments, in: site.gateway)
    }

    /// What an agent begins with.
    enum Knowledge: String, CaseIterable, Sendable {
        /// Nothing but the model that comes with the program.
        case none
        /// A model of this site too (`LearnedModel`).
        case learned

        /// Each once, and each family once: what depends on both cannot fail.
        static let inTurn: [(Site.Family, Knowledge)] = [(.ipv4, .none), (.ipv6, .learned)]
    }

    /// Starts it and waits until it answers.
    init(
        _ site: Site, _ arguments: [String] = [], with more: String = "", state: String? = nil,
        environment: [String] = [], knowing knowledge: Knowledge = .none, by path: String = sluicePath
    ) async throws {
        self.site = site
        if knowledge == .learned { try await LearnedModel.install(in: site) }
        program = try Self.program(
            site, configuration: Self.configuration(site, with: more, state: state), arguments,
            environment: environment, by: path)
        let client = ControlClient(socket: socket)
        let program = program
        let answers = await eventually {
            guard program.isRunning else { return true }
            return (try? await client.status()) != nil
        }
        try #require(answers && program.isRunning, "the agent does not answer: \(program.text)")
        if knowledge == .learned { try #require(try await client.status().model.isBuiltIn == false) }
    }

    /// Starts it by a line of the shell, in which `$run` is the command, and waits until it answers.
    init(_ site: Site, shell line: String) async throws {
        self.site = site
        let file = site.folder.appending(path: "sluice.yaml")
        try Self.configuration(site).write(to: file, atomically: true, encoding: .utf8)
        let run = "run='\(sluicePath) run --config \(file.path)'; "
        program = try site.start(["sh", "-c", run + line], in: site.gateway)
        let client = ControlClient(socket: socket)
        let answers = await eventually { (try? await client.status()) != nil }
        try #require(answers, "the agent does not answer: \(program.text)")
    }

    var client: ControlClient { ControlClient(socket: socket) }

    /// Runs a command of `sluice` against it.
    func sluice(_ arguments: String) async throws -> Outcome {
        try await site.run(
            [sluicePath] + arguments.split(separator: " ").map(String.init) + ["--socket", socket])
    }

    /// Stops it as systemd does, and returns what it left behind.
    @discardableResult
    func stop() async throws -> Outcome {
        program.signal(SIGTERM)
        return try await program.ended()
    }
}
