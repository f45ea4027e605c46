package import Detection
package import Policy
package import Traffic

/// One turn of the loop: reading -> windows -> verdicts -> rules.
///
/// Knows no clock, no disk and no socket, so that replay turns it exactly as the live agent does.
package final class Engine {
    /// What one turn saw and did.
    package struct Turn: Sendable {
        package var reading: Reading
        package var observation: Observation
        package var changes: Changes
        /// Why the data plane did not take all of them; those that it lacks are tried again at the next turn.
        package var failure: (any Error)?
    }

    private let source: any FlowSource
    private let sink: any RuleSink
    package let detector: Detector
    package var policy: Policy
    /// Whether the data plane lacks rules that are in force.
    private var isBehind = false

    package init(source: any FlowSource, sink: any RuleSink, detector: Detector, policy: Policy) {
        self.source = source
        self.sink = sink
        self.detector = detector
        self.policy = policy
    }

    /// Reads what happened up to `now`, and acts on it.
    package func turn(at now: Timestamp) throws -> Turn {
        let reading = try source.read(at: now)
        let observation = detector.observe(reading)
        var turn = Turn(reading: reading, observation: observation, changes: Changes())
        // What is decided goes first: reading the counters of many rules takes a moment.
        put(policy.decide(observation.verdicts, at: now), into: &turn)
        do {
            put(policy.tick(at: now, counters: try sink.counters()), into: &turn)
        } catch {
            turn.failure = error
        }
        return turn
    }

    private func put(_ changes: Changes, into turn: inout Turn) {
        turn.changes += changes
        do {
            try apply(changes)
        } catch {
            turn.failure = error
        }
    }

    /// Takes over the kernel's counters, and ends or extends what is due.
    package func settle(at now: Timestamp) throws -> Changes {
        let changes = policy.tick(at: now, counters: try sink.counters())
        try apply(changes)
        return changes
    }

    /// Brings the data plane to what the policy, which has these changes in it, says.
    package func apply(_ changes: Changes) throws {
        if !changes.remove.isEmpty { try sink.remove(changes.remove) }
        let rules = isBehind ? policy.rules : changes.install
        guard !rules.isEmpty else { return }
        isBehind = true
        try sink.install(rules)
        isBehind = false
    }
}
