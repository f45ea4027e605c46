import API
package import Control
import Foundation
import Traffic

/// The whole run: build, learn, attack, judge, and take everything down again.
package struct Scenario: Sendable {
    /// Between the end of learning and the first attack.
    static let lead: Duration = .seconds(5)
    /// Between one attack and the next; they overlap.
    static let stagger: Duration = .seconds(14)
    /// How long learning may take beyond its configured time.
    static let patience: Duration = .seconds(40)

    /// Path of the agent under test.
    let program: String
    let attacks: [Attack]
    let seed: UInt64
    /// After the judgement the lab stays until the task is cancelled.
    let keepsGoing: Bool
    let display: Display
    /// Speaks to the agent over its control socket.
    let connect: @Sendable (_ socket: String) -> any ControlService

    package init(
        program: String, attacks: [Attack], seed: UInt64, keepsGoing: Bool, display: Display,
        connect: @escaping @Sendable (_ socket: String) -> any ControlService
    ) {
        self.program = program
        self.attacks = attacks
        self.seed = seed
        self.keepsGoing = keepsGoing
        self.display = display
        self.connect = connect
    }

    /// Plays it, and leaves nothing behind however it ends.
    ///
    /// - Throws: `LabError` for trouble with the lab, `AgentError` if the agent fails, `CancellationError`.
    package func run() async throws -> Outcome {
        let start = Timestamp.now
        let recorder = Recorder(Journal(start: start, clients: Client.all, attacks: attacks)) { event in
            await display.show(event)
        }
        for name in await Site.removeLeftovers() {
            await recorder.tell(.ready, "removed what the killed lab \(name) had left behind")
        }
        let hosts = Client.all.map(\.host) + attacks.map(\.host)
        let site = Site(Topology(name: Site.ownName, hosts: hosts))
        do {
            let outcome = try await play(at: site, recorder: recorder)
            await Site.remove(site.topology.name)
            return outcome
        } catch {
            let wasStopped = Task.isCancelled
            await Site.remove(site.topology.name)
            // Ctrl-C is the way to end a lab that keeps going.
            if wasStopped, let outcome = await recorder.outcome { return outcome }
            throw error
        }
    }

    private func play(at site: Site, recorder: Recorder) async throws -> Outcome {
        try await site.build()
        let servers = Servers(site: site)
        try await servers.prepare()
        let agent = AgentProcess(site: site, program: program)
        try agent.prepare()
        var generator = SeededGenerator(seed: seed)
        try Session.names(using: &generator).write(
            toFile: "\(site.folder)/\(Session.namesFile)", atomically: false, encoding: .utf8)
        try Attack.passwords(using: &generator).write(
            toFile: "\(site.folder)/\(Attack.passwordsFile)", atomically: false, encoding: .utf8)
        let clientSeed = generator.next()

        return try await firstOutcome { group in
            for command in servers.commands + [Command("sleep", ["infinity"], in: site.topology.bridge)] {
                group.addTask { try await keepRunning(command) { LabError($0) } }
            }
            group.addTask { try await keepRunning(agent.command) { AgentError($0) } }
            group.addTask {
                let ports = try await ports(of: site)
                try await servers.awaitReady()
                await recorder.tell(
                    .ready,
                    "\(site.topology.hosts.count) hosts, a gateway, and a server with nginx, sshd and dnsmasq"
                )
                let service = connect(agent.socket)
                try await agent.awaitReady(service)
                await recorder.tell(
                    .ready, "the agent guards \(Topology.gatewayInterface)", details: [agent.command.text])
                return try await perform(
                    at: servers, service: service, ports: ports, recorder: recorder, seed: clientSeed)
            }
        }
    }

    /// Clients, watch, screen and attacks, until the outcome is known.
    private func perform(
        at servers: Servers, service: any ControlService, ports: Ports, recorder: Recorder, seed: UInt64
    ) async throws -> Outcome {
        try await firstOutcome { group in
            for (index, client) in Client.all.enumerated() {
                group.addTask {
                    var generator = SeededGenerator(seed: seed &+ UInt64(index))
                    while true {
                        let session = Session(of: client, at: servers, using: &generator)
                        try await session.run { await recorder.record($0, of: index) }
                        try await Task.sleep(for: session.pause)
                    }
                }
            }
            group.addTask {
                try await Watch(agent: service, ports: ports, recorder: recorder).run()
                return nil
            }
            group.addTask {
                while true {
                    await display.refresh(await recorder.journal, at: .now)
                    try await Task.sleep(for: display.interval)
                }
            }
            group.addTask { try await direct(at: servers.site, ports: ports, recorder: recorder) }
        }
    }

    /// What happens when.
    private func direct(at site: Site, ports: Ports, recorder: Recorder) async throws -> Outcome {
        try await awaitLearned(recorder)
        try await Task.sleep(for: Self.lead)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, attack) in attacks.enumerated() {
                let run = AttackRun(
                    index: index, attack: attack, site: site, ports: ports, recorder: recorder)
                group.addTask {
                    try await Task.sleep(for: Self.stagger * index)
                    try await run.run()
                }
            }
            try await group.waitForAll()
        }
        // Longer than a client's patience: what it asks now is answered or lost when we judge.
        try await Task.sleep(for: .seconds(3))
        let outcome = await recorder.judge()
        await display.refresh(await recorder.journal, at: .now)
        await display.show(outcome)
        guard keepsGoing else { return outcome }
        await recorder.tell(
            .ready, "the lab goes on until Ctrl-C; to attack by hand:",
            details: attacks.prefix(1).map {
                "nsenter --net=/run/netns/\(site.topology.namespace(of: $0.host)) "
                    + "nmap \(Topology.server($0.family))"
            })
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    private func awaitLearned(_ recorder: Recorder) async throws {
        let deadline = Timestamp.now + AgentProcess.demoLearnDuration + Self.patience
        while (await recorder.journal.status?.learning.progress ?? 0) < 1 {
            guard Timestamp.now < deadline else {
                throw AgentError(
                    "the agent has not finished learning after "
                        + "\((AgentProcess.demoLearnDuration + Self.patience).components.seconds) s")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        let model = await recorder.journal.status?.model.id ?? "?"
        await recorder.tell(.learned, "the agent knows what is normal here: model \(model)")
    }

    private func ports(of site: Site) async throws -> Ports {
        for _ in 0..<100 {
            let text = try await Command("ip", ["netns", "pids", site.topology.bridge]).output()
            if let process = Int(text.split(separator: "\n").first ?? "") { return Ports(process: process) }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw LabError("no process started in the namespace \(site.topology.bridge)")
    }
}
