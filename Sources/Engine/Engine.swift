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
        /// What the data plane had lost, or had too much; mended.
        package var drift = RuleDrift()
        /// Why the data plane did not take all of them; those that it lacks are tried again at the next turn.
        package var failure: (any Error)?
    }

    private let source: any FlowSource
    private let sink: any RuleSink
    package let detector: Detector
    package var policy: Policy
    private static let many = 10_000
    private static let countingInterval: Duration = .seconds(1)
    private var lastCounted: Timestamp?
    private static let mendingInterval: Duration = .seconds(1)
    private var lastMended: Timestamp?
    /// The part of all rules that was held against the policy last.
    private var mendedPart = 0
    private static let knowingInterval: Duration = .seconds(30)
    /// So long those stay known whom an earlier agent knew.
    private static let inheritance: Duration = .seconds(3600)
    private var firstTurn: Timestamp?
    private var lastKnown: Timestamp?
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
        put(policy.decide(observation.verdicts, windows: observation.windows, at: now), into: &turn)
        do {
            put(policy.tick(at: now, counters: try countersIfDue(at: now)), into: &turn)
            try catchUp()
            turn.drift = try mendIfDue(at: now)
            try nameKnownIfDue(at: now)
        } catch {
            turn.failure = error
        }
        return turn
    }

    /// Holds the data plane against the policy: every second all rules, of very many a part.
    private func mendIfDue(at now: Timestamp) throws -> RuleDrift {
        // What is known to lack is tried again by `catchUp`.
        if isBehind { return RuleDrift() }
        if let lastMended, (.zero..<Self.mendingInterval).contains(now - lastMended) { return RuleDrift() }
        lastMended = now
        // What there was no room for may have some now.
        let lacking = policy.lackingRules
        if !lacking.isEmpty { try install(lacking) }
        let (bans, limits) = policy.counts
        let parts = (bans + limits) / Self.many + 1
        mendedPart = (mendedPart + 1) % parts
        let part = RulePart(mendedPart, of: parts)
        let wanted = policy.rules(in: part).filter { !policy.lacksRoom($0.id) }
        var drift = try sink.mend(wanted, in: part)
        if !drift.refused.isEmpty { policy.note(wanted, refused: drift.refused) }
        drift.refused = []
        return drift
    }

    /// Tells the data plane who is known, as long as nobody is attacked: what is learned then may be forged.
    private func nameKnownIfDue(at now: Timestamp) throws {
        let first = firstTurn ?? now
        firstTurn = first
        if let lastKnown, (.zero..<Self.knowingInterval).contains(now - lastKnown) { return }
        guard let known = policy.known else { return }
        lastKnown = now
        try sink.know(known, isAll: now - first >= Self.inheritance)
    }

    /// Counters of the rules; of very many only once a second, since that takes some hundredths of it.
    private func countersIfDue(at now: Timestamp) throws -> [RuleCounters] {
        let count = policy.counts.bans + policy.counts.limits
        if count > Self.many, let lastCounted, (.zero..<Self.countingInterval).contains(now - lastCounted) {
            return []
        }
        lastCounted = now
        return try sink.counters()
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

    /// Takes back what the data plane took of changes that it did not take as a whole, and that the policy no longer has; puts
    /// back what it lost by them, and the policy still has.
    ///
    /// What that does not mend, the next turn does.
    package func withdraw(_ changes: Changes) {
        let rest = changes.install.filter { !policy.has($0.id) }
        if !rest.isEmpty { try? sink.remove(rest) }
        let lost = changes.remove.filter { policy.has($0.id) }
        if !lost.isEmpty { try? install(lost) }
    }

    /// Puts these changes in force, which the policy has in it.
    ///
    /// Not what the data plane lacked before: bans that it has no room for must not keep an entry of the allow-list out.
    package func apply(_ changes: Changes) throws {
        let wasBehind = isBehind
        isBehind = true
        if !changes.remove.isEmpty { try sink.remove(changes.remove) }
        if !changes.install.isEmpty { try install(changes.install) }
        isBehind = wasBehind
    }

    /// Brings the data plane to what the policy says, where it took less.
    ///
    /// The allow-list first, which has room of its own.
    private func catchUp() throws {
        guard isBehind else { return }
        let rules = policy.rules
        try install(rules.filter { $0.action == .allow })
        try install(rules.filter { $0.action != .allow })
        isBehind = false
    }

    /// Puts rules in force, and has the policy know for which there is no room.
    private func install(_ rules: [Rule]) throws { policy.note(rules, refused: try sink.install(rules)) }
}
