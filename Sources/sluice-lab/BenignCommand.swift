import API
import ArgumentParser
import Configuration
import Control
import Foundation
import Lab
import Terminal
import Traffic

/// The command `sluice-lab benign`.
struct BenignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benign",
        abstract:
            "Makes busy benign traffic with real programs, for captures to learn from and to be silent on.",
        discussion: """
            People and machines on both sides of a gateway browse, download, watch, log in, copy, back up, resolve \
            names, send mail, monitor, call, and share files. Who does what when is drawn from the seed; how fast \
            the programs are is the machine's. With --capture: headers of all that passed the gateway's outer \
            interface, and beside it, with the ending .csv, who did what. With --sluice: the agent, live.

            Exit code: 0; 1 if the agent blocked anything; 2 if the lab itself could not run; 130 if interrupted.
            """)

    @Option(help: "What kind of network is behind the gateway: \(Neighbourhood.names).")
    var site = Neighbourhood.office

    @Option(help: "Seed of everything random.")
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp("How long to go on.", valueName: "duration"), transform: positiveDuration)
    var duration = Duration.seconds(600)

    @Option(help: "How many times faster than people everything happens.")
    var speed = 1.0

    @Option(help: "Where to write a capture.", completion: .file(extensions: ["pcap"]))
    var capture: String?

    @Option(
        name: .customLong("activity"),
        help: "Only this activity; may be repeated. An unknown one makes it name those there are.")
    var activities: [String] = []

    @Option(
        help: "The agent's program, to guard the gateway's outer interface in mode enforce.",
        completion: .file())
    var sluice: String?

    @Option(
        help: ArgumentHelp("How long the agent learns.", valueName: "duration"), transform: positiveDuration)
    var learn = Duration.seconds(600)

    func validate() throws {
        if let unknown = activities.first(where: { !site.activities.contains($0) }) {
            throw ValidationError(
                "no activity of \(site.rawValue) is called '\(unknown)'; there are "
                    + site.activities.joined(separator: ", "))
        }
        guard (0.01...100).contains(speed) else {
            throw ValidationError("--speed \(speed): expected a number from 0.01 to 100")
        }
    }

    func run() async throws {
        let task = Task {
            guard geteuid() == 0 else { throw LabError("the lab makes network namespaces: run it as root") }
            try Toolbox.check(Toolbox.benign)
            return try await BenignRun(
                site, seed: seed, duration: duration, speed: speed,
                capture: capture.map { URL(filePath: $0).path }, activities: Set(activities),
                guardian: sluice.map { program in
                    .init(program: URL(filePath: program).path, learnDuration: learn) {
                        ControlClient(socket: $0)
                    }
                }
            ).run()
        }
        let signals = Interruption(of: task)
        defer { signals.end() }
        do {
            let outcome = try await task.value
            print(outcome.table.text(on: .standardOutput))
            for alert in outcome.alerts ?? [] {
                print(
                    "\(alert.time) \(alert.action.rawValue) \(alert.view.rawValue) \(alert.prefix): \(alert.summary)"
                )
            }
            if let alerts = outcome.alerts {
                print("\(alerts.count) alerts, \(outcome.blocks.count) of them blocks; all of them false")
            }
            if !outcome.blocks.isEmpty { throw ExitCode(1) }
        } catch let code as ExitCode {
            throw code
        } catch {
            complain(task.isCancelled ? "interrupted; the lab is taken down" : "\(error)")
            throw ExitCode(task.isCancelled ? 130 : 2)
        }
    }
}

private func positiveDuration(_ text: String) throws -> Duration {
    guard let duration = Duration(text), duration > .zero else {
        throw ValidationError("`\(text)` is no duration; expected such as 90s, 10m or 1h30m")
    }
    return duration
}

extension Neighbourhood: ExpressibleByArgument {
    fileprivate static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
