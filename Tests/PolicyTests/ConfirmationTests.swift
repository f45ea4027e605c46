import Policy
import Testing
import Traffic

@Suite("Changes that are undone unless they are confirmed")
struct ConfirmationTests {
    private static let minute: Duration = .seconds(60)

    @Test(
        "A ban that nobody confirms ends at its time, in the data plane without the agent",
        arguments: ["192.0.2.7", "2001:db8::/64"])
    func undoesBan(_ source: String) throws {
        var scenario = Scenario()
        let prefix = try Scenario.prefix(source)
        try scenario.change(confirm: Self.minute) {
            try $0.ban(prefix, for: nil, reason: nil, at: $1).1
        }
        let rule = try #require(scenario.installed.values.first)
        #expect(rule.expires == scenario.now + Self.minute)
        #expect(scenario.policy.pending.map(\.summary) == ["ban \(source)"])
        scenario.wait(.seconds(59))
        #expect(scenario.policy.counts.bans == 1 && scenario.confirmations == ["await"])
        scenario.wait(.seconds(2))
        #expect(scenario.policy.counts.bans == 0 && scenario.installed.isEmpty)
        #expect(scenario.endings == [.unconfirmed] && scenario.confirmations == ["await", "undo"])
        #expect(scenario.policy.pending.isEmpty)
    }

    @Test("Confirmed, a ban lasts as long as was asked for", arguments: [nil, Duration.seconds(3600)])
    func confirmsBan(_ duration: Duration?) throws {
        var scenario = Scenario()
        let (prefix, start) = (try Scenario.prefix("192.0.2.7"), scenario.now)
        try scenario.change(confirm: Self.minute) {
            try $0.ban(prefix, for: duration, reason: nil, at: $1).1
        }
        scenario.wait(.seconds(30))
        let (confirmed, changes) = try scenario.policy.confirm([1], at: scenario.now)
        scenario.apply(changes)
        #expect(confirmed.map(\.summary) == ["ban 192.0.2.7"])
        #expect(scenario.installed.values.map(\.expires) == [duration.map { start + $0 }])
        scenario.wait(.seconds(120))
        #expect(scenario.policy.counts.bans == 1 && scenario.confirmations == ["await", "confirm"])
    }

    @Test("An entry that nobody confirms leaves the allow-list, and what it lifted comes back")
    func undoesAllow() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"))
        let (prefix, banned) = (try Scenario.prefix("192.0.2.0/24"), try scenario.automaticRule())
        try scenario.change(confirm: Self.minute) {
            try $0.allow(prefix, for: nil, reason: nil, at: $1).2
        }
        #expect(scenario.policy.counts.bans == 0)
        #expect(scenario.policy.pending.map(\.summary) == ["allow 192.0.2.0/24, unban 192.0.2.7"])
        scenario.wait(.seconds(61))
        #expect(scenario.policy.allowList.isEmpty)
        #expect(scenario.installed == [banned.id: banned])
        // And if it is confirmed, it stays out.
        try scenario.change(confirm: Self.minute) {
            try $0.allow(prefix, for: nil, reason: nil, at: $1).2
        }
        scenario.apply(try scenario.policy.confirm(nil, at: scenario.now).1)
        scenario.wait(.seconds(61))
        #expect(scenario.policy.allowList.map(\.expires) == [nil] && scenario.policy.counts.bans == 0)
    }

    @Test("Who takes himself off the allow-list, or lifts a ban, by mistake has it back")
    func undoesRemovals() throws {
        var scenario = Scenario()
        try scenario.allow("198.51.100.7")
        try scenario.ban("192.0.2.7", for: .seconds(3600))
        let before = scenario.installed
        let (allowed, banned) = (try Scenario.prefix("198.51.100.7"), try Scenario.prefix("192.0.2.7"))
        try scenario.change(confirm: Self.minute) { policy, _ in try policy.disallow(allowed).1 }
        try scenario.change(confirm: Self.minute) { try $0.unban(banned, at: $1).1 }
        #expect(scenario.installed.isEmpty)
        try scenario.ban("198.51.100.7")
        scenario.wait(.seconds(61))
        #expect(scenario.installed == before)
        #expect(scenario.endings == [.lifted, .allowed])
    }

    @Test("A mode that nobody confirms is undone; the ban made meanwhile only counts then")
    func undoesMode() throws {
        var scenario = Scenario(mode: .shadow)
        try scenario.change(confirm: Self.minute) { policy, _ in try policy.changeMode(to: .limit, of: nil) }
        // Changed again before it was confirmed: what is gone back to is what was before both.
        try scenario.change(confirm: Self.minute) { policy, _ in try policy.changeMode(to: .enforce, of: nil)
        }
        #expect(scenario.policy.pending.map(\.summary) == ["mode enforce"])
        scenario.decide(try .of("192.0.2.7"))
        #expect(try !scenario.automaticRule().isShadowed)
        scenario.wait(.seconds(61))
        #expect(scenario.policy.mode == .shadow)
        #expect(try scenario.automaticRule().isShadowed)
    }

    @Test("What is decided anew is not undone")
    func supersedes() throws {
        var scenario = Scenario(mode: .shadow)
        let (one, other) = (try Scenario.prefix("192.0.2.7"), try Scenario.prefix("192.0.2.8"))
        try scenario.change(confirm: Self.minute) { policy, _ in try policy.changeMode(to: .enforce, of: nil)
        }
        try scenario.change(confirm: Self.minute) {
            try $0.ban(one, for: nil, reason: nil, at: $1).1
        }
        try scenario.change(confirm: Self.minute) {
            try $0.allow(other, for: nil, reason: nil, at: $1).2
        }
        scenario.apply(try scenario.policy.changeMode(to: .limit, of: nil))
        try scenario.ban("192.0.2.7")
        try scenario.allow("192.0.2.8")
        #expect(scenario.policy.pending.isEmpty)
        scenario.wait(.seconds(61))
        #expect(scenario.policy.mode == .limit && scenario.policy.counts.bans == 1)
        #expect(scenario.policy.allowList.count == 1 && !scenario.confirmations.contains("undo"))
    }

    @Test("A mode that is not confirmed goes back, and leaves a circuit breaker open that tripped meanwhile")
    func yieldsToBreaker() throws {
        var policy = Policy(
            settings: PolicySettings(), mode: .limit, breakers: BreakerSettings(bansPerMinute: 1))
        var now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
        let before = policy
        var changes = try policy.changeMode(to: .enforce, of: nil)
        try policy.awaitConfirmation(of: &changes, since: before, within: Self.minute, at: now)
        _ = policy.decide([try .of("192.0.2.7"), try .of("198.51.100.7")], at: now)
        #expect(policy.trip != nil)
        now = now + .seconds(61)
        _ = policy.tick(at: now, counters: [])
        #expect(policy.mode == .limit && policy.trip != nil)
    }

    @Test("A restart goes on waiting, and undoes at once what became due meanwhile", arguments: [30, 90])
    func survives(_ away: Int) throws {
        var scenario = Scenario()
        scenario.apply(try scenario.policy.changeMode(to: .limit, of: nil))
        let (one, other) = (try Scenario.prefix("192.0.2.7"), try Scenario.prefix("198.51.100.7"))
        try scenario.ban("198.51.100.7")
        let lifted = try #require(scenario.policy.sanctions.first)
        try scenario.change(confirm: Self.minute) {
            try $0.ban(one, for: nil, reason: nil, at: $1).1
        }
        try scenario.change(confirm: Self.minute) { try $0.unban(other, at: $1).1 }
        try scenario.change(confirm: Self.minute) { policy, _ in try policy.changeMode(to: .shadow, of: nil) }
        var saved = SavedState()
        saved.sanctions = scenario.policy.sanctions
        saved.pending = scenario.policy.pending
        saved.modes = [SavedMode(group: nil, mode: .shadow, configured: .enforce)]
        var next = Scenario()
        next.now = scenario.now + .seconds(away)
        next.apply(next.policy.start(allowing: [], restoring: saved, at: next.now))
        let isLate = away > 60
        #expect(next.policy.pending.count == (isLate ? 0 : 3))
        #expect(next.policy.mode == (isLate ? .limit : .shadow))
        #expect(next.policy.sanctions.map(\.prefix) == (isLate ? [lifted.prefix] : [one]))
        #expect(next.endings == (isLate ? [.unconfirmed] : []))
        next.wait(.seconds(40))
        #expect(next.policy.sanctions.map(\.prefix) == [lifted.prefix] && next.policy.mode == .limit)
        #expect(next.policy.pending.isEmpty)
    }

    @Test("What stood before, and times that are none, are refused; numbers that nobody has, too")
    func refuses() throws {
        var scenario = Scenario()
        try scenario.ban("192.0.2.7")
        try scenario.allow("192.0.2.8")
        let (banned, allowed) = (try Scenario.prefix("192.0.2.7"), try Scenario.prefix("192.0.2.8"))
        let kinds: [(Refusal.Kind, Duration, (inout Policy, Timestamp) throws -> Changes)] = [
            (.banned, Self.minute, { try $0.ban(banned, for: nil, reason: nil, at: $1).1 }),
            (.allowed, Self.minute, { try $0.allow(allowed, for: nil, reason: nil, at: $1).2 }),
            (.invalidDuration, .zero, { policy, _ in try policy.changeMode(to: .shadow, of: nil) }),
            (
                .invalidDuration, .seconds(86_401),
                { policy, _ in try policy.changeMode(to: .shadow, of: nil) }
            ),
        ]
        for (kind, time, change) in kinds {
            let error = #expect(throws: Refusal.self) { try scenario.change(confirm: time, change) }
            #expect(error?.kind == kind)
        }
        #expect(scenario.policy.pending.isEmpty && scenario.policy.mode == .enforce)
        for numbers: [Int64]? in [nil, [1]] {
            let error = #expect(throws: Refusal.self) {
                try scenario.policy.confirm(numbers, at: scenario.now)
            }
            #expect(error?.kind == .notFound)
        }
    }
}
