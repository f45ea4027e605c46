import Detection
import Policy
import Testing
import Traffic

@Suite("Starting again")
struct RestoreTests {
    /// What a store would give back of a policy at the end of its life.
    private func save(_ scenario: Scenario) -> SavedState {
        var saved = SavedState()
        saved.sanctions = scenario.policy.sanctions.reversed()
        saved.allowed = scenario.policy.allowList.filter { $0.origin == .manual }
        saved.lastRuleID = saved.sanctions.map(\.rule.id).max() ?? 0
        saved.lastAlertID = scenario.alerts.map(\.id).max() ?? 0
        return saved
    }

    private func restart(
        _ saved: SavedState, after pause: Duration, from old: Scenario, mode: Mode = .enforce,
        allowing configured: [Prefix] = [], protected: [ProtectedPrefix] = []
    ) -> Scenario {
        var scenario = Scenario(mode: mode, protected: protected)
        scenario.now = old.now + pause
        scenario.apply(scenario.policy.start(allowing: configured, restoring: saved, at: scenario.now))
        return scenario
    }

    @Test("Bans keep the time they have left, ended ones are dropped, and ids go on")
    func restores() throws {
        var first = Scenario()
        first.decide(try .of("192.0.2.7"))
        try first.ban("192.0.2.8", for: .seconds(60))
        try first.ban("192.0.2.9")
        try first.allow("10.0.0.0/8")
        var second = restart(save(first), after: .seconds(100), from: first)
        #expect(second.policy.sanctions.map { "\($0.prefix)" }.sorted() == ["192.0.2.7", "192.0.2.9"])
        #expect(second.endings == [.expired])
        #expect(try second.automaticRule().expires == first.automaticRule().expires)
        #expect(second.policy.allowList.map { "\($0.prefix)" } == ["10.0.0.0/8"])
        let old = Set(first.installed.keys)
        second.decide(try .of("192.0.2.10"))
        let new = try #require(second.alerts.first)
        #expect(!old.contains(try #require(new.ruleID)))
        #expect(new.id > (first.alerts.map(\.id).max() ?? 0))
    }

    @Test("What the counters said before is kept, and goes on from there")
    func keepsCounters() throws {
        var first = Scenario()
        first.decide(try .of("192.0.2.7"))
        let id = try first.automaticRule().id
        first.wait(.seconds(2), hits: [id])
        var second = restart(save(first), after: .seconds(1), from: first)
        let counters = RuleCounters(id: id, dropped: Count(packets: 13, bytes: 780), lastHit: nil)
        second.apply(second.policy.tick(at: second.now, counters: [counters]))
        #expect(second.policy.sanctions.first?.dropped == Count(packets: 13, bytes: 780))
    }

    @Test("Rules that are no longer permitted are not restored")
    func respectsNewList() throws {
        var first = Scenario()
        first.decide(try .of("192.0.2.7"), try .of("198.51.100.1"))
        let gateway = ProtectedPrefix(prefix: try Scenario.prefix("198.51.100.1"), reason: "gateway of eth0")
        let second = restart(
            save(first), after: .seconds(1), from: first, allowing: [try Scenario.prefix("192.0.2.0/24")],
            protected: [gateway])
        #expect(second.policy.sanctions.isEmpty)
        #expect(second.endings == [.allowed, .protected])
    }

    @Test("Automatic rules follow the mode that holds now")
    func followsMode() throws {
        var first = Scenario()
        first.decide(try .of("192.0.2.7"))
        try first.ban("192.0.2.8")
        let second = restart(save(first), after: .seconds(1), from: first, mode: .shadow)
        #expect(try second.automaticRule().isShadowed)
        #expect(second.installed.values.filter { $0.origin == .manual }.allSatisfy { !$0.isShadowed })
    }

    @Test("When the clock was set back a year, no automatic ban lasts longer than the maximum")
    func survivesClock() throws {
        var first = Scenario()
        first.decide(try .of("192.0.2.7"))
        let second = restart(save(first), after: .seconds(-365 * 86400), from: first)
        #expect(try second.automaticRule().expires == second.now + .seconds(86400))
    }

    @Test("Repeat offenders are known again")
    func remembersOffences() throws {
        var first = Scenario()
        first.decide(try .of("192.0.2.7"))
        var past = try #require(first.policy.sanctions.first)
        past.rule.expires = first.now
        var saved = SavedState()
        saved.pastBans = [past]
        var second = restart(saved, after: .seconds(60), from: first)
        second.decide(try .of("192.0.2.7"))
        #expect(try second.automaticRule().lasts(.seconds(1200), from: second.now))
    }
}
