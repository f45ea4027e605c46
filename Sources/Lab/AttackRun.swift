import Traffic

/// Lets one attack loose, and sees what becomes of it.
struct AttackRun {
    /// How long an attack may go on without being blocked.
    static let limit: Duration = .seconds(40)
    /// How long it goes on after that, so that one sees the drops.
    static let encore: Duration = .seconds(8)

    /// Place of the attack in the journal.
    let index: Int
    let attack: Attack
    let site: Site
    let ports: Ports
    let recorder: Recorder

    func run() async throws {
        let index = index
        let reached = await reachesServer()
        let baseline = try ports.received(from: attack.name)
        await recorder.update(index) { $0.reachedBefore = reached }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runTool() }
            try await awaitFirstPacket(after: baseline)
            await recorder.tell(
                .attack, "\(attack.name): \(attack.title) from \(attack.address)",
                details: [attack.command(at: site).text])
            if try await isMet(within: Self.limit, { $0.isBanned }) {
                try await observeBlock()
            }
            group.cancelAll()
        }
        if await recorder.journal.attacks[index].ban == nil {
            await recorder.tell(
                .missed, "\(attack.name): not blocked within \(Self.limit.components.seconds) s")
        } else {
            try await observeEnd()
        }
    }

    /// Runs the tool until it ends or is stopped.
    private func runTool() async {
        var words: [String] = []
        let isSuccess = try? await attack.command(at: site).run { words = words.suffix(1) + [$0] }
        let wasStopped = Task.isCancelled
        await recorder.update(index) { $0.end = .now }
        guard isSuccess != true, !wasStopped else { return }
        if await recorder.journal.attacks[index].isBanned {
            await recorder.tell(.reach, "\(attack.name): its tool gave up", details: words)
        } else {
            await recorder.tell(.warning, "\(attack.name): its tool failed", details: words)
        }
    }

    /// Waits until the attacker's port has received a packet.
    private func awaitFirstPacket(after baseline: UInt64) async throws {
        let index = index
        for _ in 0..<1000 {
            // Taken before the look, so that a reaction is never measured too short.
            let time = Timestamp.now
            try await Task.sleep(for: .milliseconds(10))
            if try ports.received(from: attack.name) > baseline {
                await recorder.update(index) { $0.firstPacket = time }
                return
            }
        }
        throw LabError("\(attack.name) sent no packet within 10 s: '\(attack.command(at: site).text)'")
    }

    /// What the attacker's host can reach while it is banned.
    private func observeBlock() async throws {
        let index = index
        for pause in [Duration.seconds(1), .seconds(3)] {
            try await Task.sleep(for: pause)
            guard await recorder.journal.attacks[index].isBanned else { break }
            let reached = await reachesServer()
            await recorder.update(index) { $0.reachedDuring = reached || $0.reachedDuring == true }
        }
        if await recorder.journal.attacks[index].reachedDuring == false {
            await recorder.tell(.reach, "\(attack.name): its host can no longer reach the server")
        }
        try await Task.sleep(for: Self.encore - .seconds(4))
    }

    /// The ban's end, and what the attacker's host can reach then.
    private func observeEnd() async throws {
        let index = index
        guard try await isMet(within: AgentProcess.banDuration * 3, { !$0.isBanned }) else {
            await recorder.tell(.warning, "\(attack.name): its ban did not end")
            return
        }
        let reached = await reachesServer()
        await recorder.update(index) { $0.reachedAfter = reached }
        await recorder.tell(
            .reach,
            "\(attack.name): its host \(reached ? "can reach the server again" : "still cannot reach the server")"
        )
    }

    private func reachesServer() async -> Bool { (try? await attack.probe(at: site).run()) ?? false }

    private func isMet(
        within limit: Duration, _ condition: @Sendable (AttackRecord) -> Bool
    ) async throws -> Bool {
        let deadline = Timestamp.now + limit
        while !condition(await recorder.journal.attacks[index]) {
            guard Timestamp.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(50))
        }
        return true
    }
}
