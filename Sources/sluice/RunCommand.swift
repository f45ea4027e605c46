import API
import Agent
import ArgumentParser
import Configuration
import Control
import Datapath
import Foundation
import Policy
import Terminal
import Traffic

/// The command `sluice run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the agent until it is told to stop.",
        discussion: """
            Needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON. Stops on Ctrl-C or SIGTERM, and then takes \
            its program off the interfaces, unless --stay-attached. If it dies, the program goes on with the \
            rules it has, and the next agent takes it over. On SIGHUP it reads its configuration again, as \
            `sluice reload` says.
            """)

    @Option(
        help: ArgumentHelp("Configuration file.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        name: .customLong("interface"),
        help: ArgumentHelp("Interface to watch; may be repeated. Overrides `interfaces`.", valueName: "name"))
    var interfaces: [String] = []

    @Option(
        help: "learn, shadow, limit or enforce. Overrides `mode`.", completion: .words(of: Mode.self),
        transform: parseChoice)
    var mode: Mode?

    @Option(
        help: "auto, native or generic. Overrides `attach`.",
        completion: .words(of: Configuration.Attach.self), transform: parseChoice)
    var attach: Configuration.Attach?

    @Option(help: ArgumentHelp("Control socket. Overrides `socket`.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("Database. Overrides `state`.", valueName: "path"))
    var state: String?

    @Flag(help: "Take the place of another XDP program on an interface; it is not put back.")
    var replace = false

    @Flag(help: "Leave program, rules and pins in the kernel on exit, for the next agent to take over.")
    var stayAttached = false

    @OptionGroup var output: StreamOptions

    func run() async throws {
        boundHeap()
        try await finish {
            let loaded = try load()
            let configuration = loaded.configuration
            guard !configuration.interfaces.isEmpty else {
                throw ValidationError(
                    "name an interface: sluice run --interface NAME, or `interfaces` in --config")
            }
            let manager = ServiceManager(environment: ProcessInfo.processInfo.environment)
            let signals = TerminationSignals()
            let hangups = HangupSignals()
            let lock = try InstanceLock(path: Self.lockPath())
            defer { withExtendedLifetime(lock) {} }
            let stateLock = try Self.lock(state: configuration.state)
            defer { withExtendedLifetime(stateLock) {} }
            let report = RunReport(
                format: output.format, screen: .standardOutput, level: configuration.log.level)
            // The socket first: if it cannot be had, what a killed agent left on the interfaces is not touched.
            let server = try ControlServer(
                path: configuration.socket, access: try ControlAccess(configuration.control))
            let agent: Agent
            do {
                agent = try Agent(loaded, load: reload, replaces: replace) { report.print($0) }
            } catch {
                server.close()
                throw error
            }
            // Loading is over; nothing from outside has been read yet.
            confine { report.print([TimedNotice(.warning($0), by: "agent", at: .now)]) }
            // A signal ends the agent, and the agent's end, by a signal or by failing, ends the server.
            let serving = Task { await server.run(agent) }
            let working = Task { try await agent.run(staysAttached: stayAttached, under: manager) }
            let reloading = Task { for await _ in hangups.arrivals { await agent.reloadOrWarn() } }
            defer { reloading.cancel() }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = await working.result }
                group.addTask { await signals.first() }
                await group.next()
                Self.endAtLast()
                serving.cancel()
                working.cancel()
                group.cancelAll()
            }
            await serving.value
            let result = await working.result
            report.finish()
            try result.get()
            return ""
        }
    }

    /// Ends the process if the agent does not within thirty seconds of being told: whatever holds it, SIGTERM works.
    ///
    /// Program, rules and pins stay as after a kill, for the next agent to take over.
    private static func endAtLast() {
        let thread = Thread {
            Thread.sleep(forTimeInterval: 30)
            FileHandle.standardError.write(
                Data("sluice: the agent did not stop within 30 s; what it attached goes on\n".utf8))
            _exit(1)
        }
        thread.start()
    }

    /// Reads the configuration again; `nil` where there is no file to read.
    private var reload: (@Sendable () throws -> LoadedConfiguration)? {
        guard config != nil else { return nil }
        return { try load() }
    }

    /// The configuration file and its drop-ins, and above them what the command line says.
    private func load() throws -> LoadedConfiguration {
        var result = try config.map { try LoadedConfiguration(file: $0) } ?? LoadedConfiguration()
        if !interfaces.isEmpty {
            result.set(\.interfaces, to: interfaces, key: "interfaces", flag: "--interface")
        }
        if let mode { result.set(\.mode, to: mode, key: "mode", flag: "--mode") }
        if let attach { result.set(\.attach, to: attach, key: "attach", flag: "--attach") }
        if let socket { result.set(\.socket, to: socket, key: "socket", flag: "--socket") }
        if let state { result.set(\.state, to: state, key: "state", flag: "--state") }
        return result
    }

    /// One agent for each database; `nil` where nothing can be written: what is wrong there, the store says.
    private static func lock(state path: String) throws -> InstanceLock? {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        return FileManager.default.isWritableFile(atPath: folder) ? try InstanceLock(state: path) : nil
    }

    /// One agent for each network namespace.
    private static func lockPath() throws -> String {
        try? FileManager.default.createDirectory(
            atPath: InstanceLock.folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        return InstanceLock.path(PinDirectory.networkNamespace)
    }
}
