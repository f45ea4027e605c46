import API
import Agent
import ArgumentParser
import Configuration
import Control
import Datapath
import Doctor
import Terminal
import Traffic

/// The command `sluice doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look for causes of trouble, before or after attaching.",
        discussion: """
            Attaches nothing. Without --interface and --config it looks at the interfaces of the agent that runs. \
            Exit code 1 if something keeps Sluice from working; warnings are no failure.
            """)

    @Option(
        name: .customLong("interface"),
        help: ArgumentHelp("Interface to be guarded; may be repeated.", valueName: "name"))
    var interfaces: [String] = []

    @Option(
        help: ArgumentHelp("Configuration file to judge by.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @OptionGroup var agent: AgentOptions

    func run() async throws {
        var isFailing = false
        try await finish {
            let configuration = try config.map { try Configuration(file: $0) } ?? Configuration()
            let process = InstanceLock.holder(of: InstanceLock.path(PinDirectory.networkNamespace))
            let status = process == nil ? nil : try? await ControlClient(socket: agent.socket).status()
            let named = interfaces.isEmpty ? configuration.interfaces : interfaces
            var facts = Facts(
                interfaces: named.isEmpty ? status?.interfaces.map(\.name) ?? [] : named,
                bpffs: configuration.bpffs, options: DatapathOptions(configuration), agentProcess: process)
            facts.agent = status.map {
                Facts.Agent(
                    heartbeatAge: $0.heartbeatAge, coverage: $0.traffic.coverage, warnings: $0.warnings,
                    mendedRules: $0.ruleDrift.missing + $0.ruleDrift.unknown)
            }
            facts.ruleDifference = await Self.ruleDifference(configuration)
            let found = Doctor.examine(facts)
            isFailing = found.contains { $0.level == .failure }
            return try Printout(found) { Self.text(found, on: $0) }
                .text(as: agent.output.format, on: .standardOutput)
        }
        if isFailing { throw ExitCode.failure }
    }

    /// How the kernel's rules differ from the store's; `nil` if one of them is not there.
    private static func ruleDifference(_ configuration: Configuration) async -> Facts.RuleDifference? {
        var difference: Facts.RuleDifference?
        // An agent that runs changes one after the other: what is amiss is amiss twice.
        for attempt in 0..<2 {
            if attempt > 0 { try? await Task.sleep(for: .milliseconds(1500)) }
            guard let kernel = PinnedRules.inForce(bpffs: configuration.bpffs),
                let wanted = StoredRules.inForce(in: configuration.state, at: .now)
            else { return nil }
            let found = Facts.RuleDifference(
                missing: wanted.subtracting(kernel).count, unknown: kernel.subtracting(wanted).count)
            if found.missing + found.unknown == 0 { return found }
            difference = found
        }
        return difference
    }

    /// A line for each check, and below it the command that mends what was found.
    static func text(_ found: [Diagnosis], on screen: Screen) -> String {
        func title(_ diagnosis: Diagnosis) -> String {
            diagnosis.check + (diagnosis.interface.map { " \($0)" } ?? "")
        }
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let width = found.map { title($0).count }.max() ?? 0
        let lines = found.flatMap { diagnosis in
            let style: Style =
                switch diagnosis.level {
                case .ok: .good
                case .warning: .warning
                case .failure: .bad
                }
            let level = screen.styled(padded(diagnosis.level.rawValue, 7), style)
            let indent = 9 + width + 2
            // What mends it is not cut: it is there to be copied.
            let words =
                screen.lines(of: diagnosis.finding.printable, indentedBy: indent)
                + (diagnosis.remedy.map { ["to mend: \($0.printable)"] } ?? [])
            return ["\(level)  \(padded(title(diagnosis), width))  \(words[0])"]
                + words.dropFirst().map { padded("", indent) + $0 }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
