import BPF
import Datapath
package import Store
package import Traffic

/// The agent's time, so that tests can turn it by hand.
package protocol AgentClock: Sendable {
    /// This moment, by a clock that nobody can set too.
    var moment: Moment { get }

    /// Returns at `deadline`, or at once if that is over.
    func sleep(until deadline: Timestamp) async throws
}

extension AgentClock {
    /// This moment.
    var now: Timestamp { moment.time }
}

/// The machine's wall clock.
package struct WallClock: AgentClock {
    package init() {}

    package var moment: Moment {
        let uptime = Duration.nanoseconds(Int64(clamping: Machine.uptimeNanoseconds()))
        return Moment(boot: Self.boot, uptime: uptime, time: .now)
    }

    /// Which start of the machine this is; another one needs another process.
    private static let boot = TextTable.rows("/proc/sys/kernel/random/boot_id").first?.first ?? ""

    package func sleep(until deadline: Timestamp) async throws {
        let span = deadline - now
        // A clock that was set back must not put the agent to sleep for an hour.
        if span > .zero { try await Task.sleep(for: min(span, Duration.seconds(1))) }
    }
}

/// Notices when a wall clock is set, by the machine's uptime.
struct ClockWatch {
    /// Up to which all steps have been noticed.
    private(set) var last: Moment

    init(last: Moment) { self.last = last }

    /// By how much the clock was set since `last`, which is `moment` from then on; `nil` if it was not.
    mutating func step(to moment: Moment) -> Duration? {
        defer { last = moment }
        return last.step(to: moment)
    }
}
