import BPF
import Datapath
package import Traffic

/// The agent's time, so that tests can turn it by hand.
package protocol AgentClock: Sendable {
    /// This moment.
    var now: Timestamp { get }

    /// Time since the machine started, which nobody can set.
    var uptime: Duration { get }

    /// Returns at `deadline`, or at once if that is over.
    func sleep(until deadline: Timestamp) async throws
}

/// The machine's wall clock.
package struct WallClock: AgentClock {
    package init() {}

    package var now: Timestamp { .now }

    package var uptime: Duration { .nanoseconds(Int64(clamping: Machine.uptimeNanoseconds())) }

    package func sleep(until deadline: Timestamp) async throws {
        let span = deadline - now
        // A clock that was set back must not put the agent to sleep for an hour.
        if span > .zero { try await Task.sleep(for: min(span, Duration.seconds(1))) }
    }
}

/// Notices when a wall clock is set, by the machine's uptime.
struct ClockWatch {
    /// Time servers that slew a clock move it by half a thousandth: no step within a turn.
    static let leastStep: Duration = .seconds(1)

    private var last: (wall: Timestamp, uptime: Duration)?

    /// By how much the clock was set since the last call; `nil` if it was not.
    mutating func step(of clock: any AgentClock) -> Duration? {
        let current = (wall: clock.now, uptime: clock.uptime)
        defer { last = current }
        guard let last else { return nil }
        let step = (current.wall - last.wall) - (current.uptime - last.uptime)
        return step <= .zero - Self.leastStep || step >= Self.leastStep ? step : nil
    }
}
