import Datapath
package import Traffic

/// The agent's time, so that tests can turn it by hand.
package protocol AgentClock: Sendable {
    /// This moment.
    var now: Timestamp { get }

    /// Returns at `deadline`, or at once if that is over.
    func sleep(until deadline: Timestamp) async throws
}

/// The machine's wall clock.
package struct WallClock: AgentClock {
    package init() {}

    package var now: Timestamp { .now }

    package func sleep(until deadline: Timestamp) async throws {
        let span = deadline - now
        // A clock that was set back must not put the agent to sleep for an hour.
        if span > .zero { try await Task.sleep(for: min(span, Duration.seconds(1))) }
    }
}
