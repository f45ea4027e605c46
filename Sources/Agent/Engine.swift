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
    }

    private let source: any FlowSource
    private let sink: any RuleSink
    package let detector: Detector
    package var policy: Policy

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
        var changes = policy.decide(observation.verdicts, at: now)
        try apply(changes)
        changes += try settle(at: now)
        return Turn(reading: reading, observation: observation, changes: changes)
    }

    /// Takes over the kernel's counters, and ends or extends what is due.
    package func settle(at now: Timestamp) throws -> Changes {
        let changes = policy.tick(at: now, counters: try sink.counters())
        try apply(changes)
        return changes
    }

    /// Brings the data plane to what the policy says.
    package func apply(_ changes: Changes) throws {
        if !changes.remove.isEmpty { try sink.remove(changes.remove) }
        if !changes.install.isEmpty { try sink.install(changes.install) }
    }
}
