import Detection
import Features
import Policy
import Testing
import Traffic

/// A policy, its clock, and the rules that a data plane would have after each step.
struct Scenario {
    var policy: Policy
    var now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    /// Rules in force by id, as a data plane keeps them: it ends them by itself, too.
    private(set) var installed: [UInt32: Rule] = [:]
    private(set) var events: [Event] = []
    private var counters: [UInt32: RuleCounters] = [:]

    init(
        mode: Mode = .enforce, settings: PolicySettings = PolicySettings(), protected: [ProtectedPrefix] = []
    ) {
        policy = Policy(settings: settings, mode: mode, protected: protected)
    }

    /// Applies what a step leads to.
    mutating func apply(_ changes: Changes) {
        for rule in changes.remove { installed[rule.id] = nil }
        for rule in changes.install {
            // Of the same match, kind and origin there is one rule only.
            for old in installed.values where old.isSameSlot(as: rule) { installed[old.id] = nil }
            installed[rule.id] = rule
        }
        events += changes.events
    }

    mutating func decide(_ verdicts: Verdict..., windows: [ScoredWindow] = []) {
        apply(policy.decide(verdicts, windows: windows, at: now))
    }

    /// Lets time pass in steps of `step`; what `hits` names drops a packet at each of them.
    mutating func wait(_ duration: Duration, step: Duration = .milliseconds(200), hits: [UInt32] = []) {
        let end = now + duration
        while now < end {
            now = min(now + step, end)
            installed = installed.filter { $0.value.expires.map { $0 > now } ?? true }
            for id in hits where installed[id] != nil {
                var dropped = counters[id]?.dropped ?? Count()
                dropped += Count(packets: 1, bytes: 60)
                counters[id] = RuleCounters(id: id, dropped: dropped, lastHit: now)
            }
            apply(policy.tick(at: now, counters: installed.keys.compactMap { counters[$0] }))
        }
    }

    /// Lets time pass, after which the one automatic rule has counted these beginnings.
    mutating func pass(_ duration: Duration, _ counted: Challenge) {
        now = now + duration
        installed = installed.filter { $0.value.expires.map { $0 > now } ?? true }
        let asking = installed.values.filter { $0.kind == .prove }.map {
            RuleCounters(
                id: $0.id, dropped: Count(packets: counted.challenged, bytes: counted.challenged * 60),
                lastHit: now, challenge: counted)
        }
        apply(policy.tick(at: now, counters: asking))
    }

    /// Somebody sets the clock.
    ///
    /// Rules in the data plane end when they would have, since it has a clock of its own.
    mutating func setClock(by step: Duration) {
        now = now + step
        installed = installed.mapValues { rule in
            var rule = rule
            rule.expires = rule.expires.map { $0 + step }
            return rule
        }
        events += policy.clockWasSet(by: step)
    }

    mutating func ban(_ prefix: String, for duration: Duration? = nil) throws {
        apply(try policy.ban(Self.prefix(prefix), for: duration, reason: nil, at: now).1)
    }

    mutating func unban(_ prefix: String) throws {
        apply(try policy.unban(Self.prefix(prefix), at: now).1)
    }

    mutating func allow(_ prefix: String, for duration: Duration? = nil) throws {
        apply(try policy.allow(Self.prefix(prefix), for: duration, reason: nil, at: now).2)
    }

    /// The one automatic rule in force.
    func automaticRule() throws -> Rule {
        let rules = installed.values.filter { $0.origin == .automatic }
        try #require(rules.count == 1)
        return try #require(rules.first)
    }

    var alerts: [Alert] {
        events.compactMap { if case .alert(let alert) = $0 { alert } else { nil } }
    }

    var endings: [Event.Ending] {
        events.compactMap { if case .ended(_, let ending) = $0 { ending } else { nil } }
    }

    /// Lets time pass, in which windows of these sources come and go, four connections and a hundred packets each.
    mutating func meet(_ sources: [String], for duration: Duration, step: Duration = .seconds(1)) throws {
        let end = now + duration
        while now < end {
            now = min(now + step, end)
            let windows = try sources.map { try ScoredWindow.of($0, score: 0) }
            apply(policy.decide([], windows: windows, at: now))
        }
    }

    /// Makes a change that is undone unless it is confirmed within `time`.
    mutating func change(
        confirm time: Duration, _ body: (inout Policy, Timestamp) throws -> Changes
    ) throws {
        let before = policy
        var changed = policy
        var changes = try body(&changed, now)
        try changed.awaitConfirmation(of: &changes, since: before, within: time, at: now)
        policy = changed
        apply(changes)
    }

    /// What was told of changes that are to be confirmed: `await`, `confirm`, `undo`, `supersede`.
    var confirmations: [String] {
        events.compactMap { event in
            switch event {
            case .pending: "await"
            case .confirmed: "confirm"
            case .undone: "undo"
            case .superseded: "supersede"
            default: nil
            }
        }
    }

    static func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }
}

extension Rule {
    /// Whether it ends after `duration`, or up to a tenth earlier.
    func lasts(_ duration: Duration, from start: Timestamp) -> Bool {
        guard let expires else { return false }
        return expires <= start + duration && expires >= start + duration * 0.9
    }

    func isSameSlot(as other: Rule) -> Bool {
        match == other.match && origin == other.origin && kind == other.kind
    }
}

extension Verdict {
    /// A verdict on `entity`, which is an address or a prefix.
    static func of(
        _ entity: String, view: Entity.View = .source, tier: Tier = .block, score: Double = 9,
        target: Target? = nil, isTwoWay: Bool = true, isCertain: Bool = true, peers: Int = 1, served: Int = 0,
        reason: String? = nil
    ) throws -> Verdict {
        Verdict(
            time: Timestamp(nanoseconds: 1_700_000_000_000_000_000),
            entity: Entity(view: view, prefix: try Scenario.prefix(entity)), score: score, threshold: 3,
            tier: tier,
            reason: reason ?? (isTwoWay ? "scan" : "volume"),
            summary: "1,200 ports of 3 hosts in 10 s, usual: 2", features: [],
            model: "test-1",
            target: target, isTwoWay: isTwoWay, isCertain: isCertain, peers: peers, served: served)
    }
}

extension ScoredWindow {
    /// A window of a source with established connections.
    static func of(_ source: String, score: Double) throws -> ScoredWindow {
        ScoredWindow(
            entity: Entity(view: .source, prefix: try Scenario.prefix(source)), score: score, threshold: 3,
            table: score, site: nil, packets: 100, bytes: 10_000, isTwoWay: true)
    }
}
