import API
import Control
import Traffic

/// Asks the agent what it does, and the bridge what passes, as long as the lab runs.
struct Watch {
    /// How often bans are looked at: so exact are the times of the first drops.
    static let banInterval: Duration = .milliseconds(40)
    static let statusInterval: Duration = .milliseconds(250)
    /// How long the agent may leave questions unanswered.
    static let patience: Duration = .seconds(5)

    let agent: any ControlService
    let ports: Ports
    let recorder: Recorder

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await repeatedly(every: Self.banInterval, watchBans) }
            group.addTask { try await repeatedly(every: Self.statusInterval, watchRest) }
            try await group.waitForAll()
        }
    }

    private func repeatedly(every interval: Duration, _ look: () async throws -> Void) async throws {
        var lastAnswer = Timestamp.now
        while true {
            do {
                try await look()
                lastAnswer = .now
            } catch let error where !(error is CancellationError) {
                guard Timestamp.now - lastAnswer < Self.patience else {
                    throw AgentError("the agent does not answer any more: \(error)")
                }
            }
            try await Task.sleep(for: interval)
        }
    }

    private func watchBans() async throws {
        let bans = try await agent.bans()
        for change in await recorder.record(bans: bans) {
            // The alert comes before the ban that it led to.
            if case .banned = change { try await tellAlerts() }
            await recorder.tell(change)
        }
    }

    private func watchRest() async throws {
        await recorder.record(ports: try ports.received())
        await recorder.record(try await agent.status())
        try await tellAlerts()
    }

    private func tellAlerts() async throws {
        await recorder.tell(alerts: try await agent.alerts(since: await recorder.latestAlert, limit: 100))
    }
}
