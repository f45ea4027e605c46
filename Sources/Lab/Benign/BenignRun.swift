import API
package import Control
import Foundation
import Glibc
import Traffic

/// Benign traffic of one site, from building the site to taking it down.
package struct BenignRun: Sendable {
    let neighbourhood: Neighbourhood
    let seed: UInt64
    let duration: Duration
    let speed: Double
    /// Where to write what passes the gateway's outer interface; beside it, with the ending `.csv`, who did what when.
    let capture: String?
    /// Names of the activities; empty: all.
    let activities: Set<String>
    let guardian: Guardian?

    /// The agent that guards the gateway's outer interface, in mode enforce.
    package struct Guardian: Sendable {
        /// Path of the program.
        let program: String
        let learnDuration: Duration
        /// Speaks to the agent over its control socket.
        let connect: @Sendable (_ socket: String) -> any ControlService

        package init(
            program: String, learnDuration: Duration,
            connect: @escaping @Sendable (_ socket: String) -> any ControlService
        ) {
            self.program = program
            self.learnDuration = learnDuration
            self.connect = connect
        }
    }

    package init(
        _ neighbourhood: Neighbourhood, seed: UInt64, duration: Duration, speed: Double, capture: String?,
        activities: Set<String>, guardian: Guardian?
    ) {
        self.neighbourhood = neighbourhood
        self.seed = seed
        self.duration = duration
        self.speed = speed
        self.capture = capture
        self.activities = activities
        self.guardian = guardian
    }

    /// Plays it, and leaves nothing behind however it ends.
    ///
    /// - Throws: `LabError` for trouble with the lab, `AgentError` if the agent fails, `CancellationError`.
    package func run() async throws -> BenignOutcome {
        // A program's start closes all descriptors there might be, up to this; many programs start here.
        var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        _ = await Site.removeLeftovers()
        let network = BenignNetwork(name: Site.ownName, neighbourhood: neighbourhood)
        do {
            let outcome = try await play(network)
            await Site.remove(network.name)
            return outcome
        } catch {
            await Site.remove(network.name)
            throw error
        }
    }

    private func play(_ network: BenignNetwork) async throws -> BenignOutcome {
        let folder = "\(Site.root)/\(network.name)"
        try await Site.mountBPF(in: folder)
        try await network.build()
        let servers = BenignServers(network: network, folder: folder, speed: speed)
        try await servers.prepare()
        let log = try BenignLog(path: capture.map { $0 + ".csv" })
        let agent = guardian.map {
            AgentProcess(
                program: $0.program, folder: folder, gateway: network.gateway,
                localNetworks: network.localNetworks, learnDuration: $0.learnDuration)
        }
        try agent?.prepare()
        return try await firstOutcome { group in
            for command in servers.commands + captures(network) {
                group.addTask { try await keepRunning(command) { LabError($0) } }
            }
            if let agent { group.addTask { try await keepRunning(agent.command) { AgentError($0) } } }
            group.addTask {
                try await servers.awaitReady()
                let service = agent.flatMap { guardian?.connect($0.socket) }
                if let agent, let service { try await agent.awaitReady(service) }
                let plan = BenignPlan(
                    network, folder: folder, seed: seed, speed: speed, activities: activities)
                try await perform(plan, log: log)
                return BenignOutcome(
                    counts: await log.counts, alerts: try await service?.alerts(since: nil, limit: 10_000))
            }
        }
    }

    /// Headers are enough: replay goes by the length that a frame had on the wire.
    private func captures(_ network: BenignNetwork) -> [Command] {
        capture.map { path in
            [
                Command(
                    "tcpdump",
                    ["-i", Topology.gatewayInterface, "-s", "128", "-B", "16384", "-Z", "root", "-w", path],
                    in: network.gateway)
            ]
        } ?? []
    }

    /// Lets everything happen at its time, until the time is over.
    private func perform(_ plan: BenignPlan, log: BenignLog) async throws {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Task.sleep(until: start + duration) }
            group.addTask {
                try await withThrowingDiscardingTaskGroup { errands in
                    var plan = plan
                    while true {
                        for entry in plan.next() {
                            let time = start + .seconds(entry.start / speed)
                            errands.addTask {
                                try await Task.sleep(until: time)
                                try await perform(entry, log: log)
                            }
                            // Within one cause the errands are in no order.
                            if entry.errand.delay == 0 { try await Task.sleep(until: time) }
                        }
                    }
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func perform(_ entry: BenignPlan.Entry, log: BenignLog) async throws {
        guard await log.begin(entry.activity) else { return }
        let start = Timestamp.now
        for step in entry.errand.steps {
            switch step {
            case .pause(let seconds): try await Task.sleep(for: .seconds(seconds / speed))
            case .run(let command):
                let isSuccess = (try? await command.run()) ?? false
                try Task.checkCancellation()
                await log.record(entry.activity, isSuccess: isSuccess)
            }
        }
        await log.end(entry, from: start)
    }
}
