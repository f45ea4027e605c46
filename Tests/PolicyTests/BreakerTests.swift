import Detection
import Policy
import Testing
import Traffic

@Suite("Circuit breakers")
struct BreakerTests {
    private func scenario(_ breakers: BreakerSettings) -> Scenario {
        var scenario = Scenario()
        scenario.policy = Policy(settings: PolicySettings(), mode: .enforce, breakers: breakers)
        return scenario
    }

    private func trips(_ scenario: Scenario) -> [String] {
        scenario.events.compactMap { if case .tripped(let trip) = $0 { trip.reason } else { nil } }
    }

    /// Prefixes of the rules in force, enforced or shadowed, in order.
    private func prefixes(_ scenario: Scenario, shadowed: Bool) -> [String] {
        scenario.installed.values.filter { $0.isShadowed == shadowed }.map(\.match.prefix).sorted()
            .map(\.description)
    }

    private func closings(_ scenario: Scenario) -> Int {
        scenario.events.count { if case .closed = $0 { true } else { false } }
    }

    /// Ten minutes after `known` came, with a ban on the first of them and on three strangers: one too many.
    private func tripped(_ known: [String]) throws -> Scenario {
        var scenario = scenario(BreakerSettings(bansPerMinute: 3))
        try scenario.meet(known, for: .seconds(620), step: .seconds(10))
        try scenario.ban("203.0.113.1")
        scenario.decide(try .of(known[0]))
        for host in 1...3 { scenario.decide(try .of("10.\(host).0.1")) }
        return scenario
    }

    @Test(
        "Too many bans within a minute: what is on well-known sources only counts, bans on strangers hold",
        arguments: [["172.16.0.1", "172.16.1.1"], ["2001:db8:a:1::/64", "2001:db8:b:1::/64"]])
    func tooManyBans(known: [String]) throws {
        var scenario = try tripped(known)
        #expect(trips(scenario) == ["more than 3 automatic bans within a minute"])
        #expect(scenario.policy.mode == .enforce && scenario.policy.trip != nil)
        #expect(prefixes(scenario, shadowed: true) == [known[0]])
        let enforced = ["10.1.0.1", "10.2.0.1", "10.3.0.1", "203.0.113.1"]
        #expect(prefixes(scenario, shadowed: false) == enforced)
        scenario.decide(try .of("10.9.0.1"), try .of(known[1]))
        #expect(prefixes(scenario, shadowed: true) == known)
        #expect(prefixes(scenario, shadowed: false) == enforced[..<3] + ["10.9.0.1", "203.0.113.1"])
        // Whoever is known is known after that ban, too.
        scenario.decide(try .of(known[0]), try .of(known[1]))
        #expect(prefixes(scenario, shadowed: true) == known)
        scenario.apply(scenario.policy.setMode(.enforce))
        #expect(scenario.policy.trip == nil)
        #expect(scenario.installed.values.allSatisfy { !$0.isShadowed })
    }

    @Test("It closes by itself ten minutes after the last thing too many, and what it held back ends")
    func closes() throws {
        let known = ["172.16.0.1", "172.16.1.1"]
        var scenario = try tripped(known)
        let held = try #require(scenario.installed.values.first { $0.isShadowed })
        scenario.wait(.seconds(590), step: .seconds(1), hits: [held.id])
        #expect(scenario.policy.trip != nil && closings(scenario) == 0)
        // There is too much again: it stays open.
        for host in 10...13 { scenario.decide(try .of("10.\(host).0.1")) }
        #expect(trips(scenario).count == 1, "it is open already")
        scenario.wait(.seconds(590), step: .seconds(1))
        #expect(scenario.policy.trip != nil)
        scenario.decide(try .of(known[1]))
        #expect(prefixes(scenario, shadowed: true) == [known[1]])
        scenario.wait(.seconds(20), step: .seconds(1))
        #expect(scenario.policy.trip == nil && closings(scenario) == 1)
        #expect(prefixes(scenario, shadowed: true).isEmpty && scenario.endings.last == .heldBack)
        #expect(!prefixes(scenario, shadowed: false).contains(known[1]))
        // From then on they are banned again.
        scenario.decide(try .of(known[1]))
        #expect(prefixes(scenario, shadowed: false).contains(known[1]))
    }

    @Test("A rule that it held back is not enforced by a restart")
    func restart() throws {
        var scenario = try tripped(["172.16.0.1"])
        var saved = SavedState()
        saved.sanctions = scenario.policy.sanctions
        var second = Scenario()
        second.now = scenario.now
        second.apply(second.policy.start(allowing: [], restoring: saved, at: second.now))
        #expect(
            prefixes(second, shadowed: false) == ["10.1.0.1", "10.2.0.1", "10.3.0.1", "203.0.113.1"])
        #expect(prefixes(second, shadowed: true).isEmpty && second.endings == [.heldBack])
        scenario.setClock(by: .seconds(-86_400))
        scenario.wait(.seconds(601), step: .seconds(1))
        #expect(scenario.policy.trip == nil, "a clock that is set back keeps no breaker open")
    }

    @Test("The same number spread over hours trips nothing")
    func slowly() throws {
        var scenario = scenario(BreakerSettings(bansPerMinute: 3))
        for host in 1...20 {
            scenario.decide(try .of("10.\(host).0.1"))
            scenario.wait(.seconds(21), step: .seconds(1))
        }
        #expect(trips(scenario).isEmpty)
    }

    @Test("A ban that grows to a network is one more")
    func countsNetworks() throws {
        var scenario = scenario(BreakerSettings(bansPerMinute: 4))
        for host in 1...4 { scenario.decide(try .of("192.0.2.\(host)")) }
        #expect(trips(scenario) == ["more than 4 automatic bans within a minute"])
    }

    @Test(
        "Rules on borrowed names count neither as bans nor against known sources, in every mode that blocks",
        arguments: [Mode.enforce, .limit], [1, 9])
    func forged(mode: Mode, peers: Int) throws {
        let target = Target(address: try #require(Address("10.20.0.2")), protocol: .udp, port: 53)
        func forged(_ source: String) throws -> Verdict {
            try .of(source, target: target, isTwoWay: false, peers: peers)
        }
        func scenario(_ breakers: BreakerSettings) -> Scenario {
            var scenario = Scenario()
            scenario.policy = Policy(settings: PolicySettings(), mode: mode, breakers: breakers)
            return scenario
        }
        var strangers = scenario(BreakerSettings(bansPerMinute: 3))
        for host in 1...20 { strangers.decide(try forged("10.\(host).0.1")) }
        #expect(trips(strangers).isEmpty)
        let known = (1...20).map { "10.0.\($0).1" }
        var scenario = scenario(BreakerSettings(bansPerMinute: 3))
        try scenario.meet(known, for: .seconds(620), step: .seconds(10))
        for source in known { scenario.decide(try forged(source)) }
        #expect(trips(scenario).isEmpty && scenario.policy.trip == nil)
        #expect(scenario.installed.values.count { !$0.isShadowed } == known.count)
    }

    @Test("What is proven counts in mode limit, too, though nothing is banned there")
    func limits() throws {
        let known = (1...20).map { "10.0.\($0).1" }
        var scenario = Scenario(mode: .limit)
        try scenario.meet(known, for: .seconds(620), step: .seconds(10))
        for source in known.prefix(5) { scenario.decide(try .of(source)) }
        #expect(trips(scenario) == ["automatic rules on 5 of 20 well-known sources within ten minutes"])
        #expect(prefixes(scenario, shadowed: true).count == 5)
    }

    @Test("Bans on sources that were known well for ten minutes trip it, bans on strangers do not")
    func knownSources() throws {
        let known = (1...40).map { "10.0.\($0).1" }
        var scenario = scenario(BreakerSettings())
        try scenario.meet(known, for: .seconds(620), step: .seconds(10))
        for host in 1...30 { scenario.decide(try .of("10.1.\(host).1")) }
        #expect(trips(scenario).isEmpty)
        for source in known.prefix(4) { scenario.decide(try .of(source)) }
        #expect(trips(scenario).isEmpty, "a tenth is bearable")
        for source in known[4..<7] { scenario.decide(try .of(source)) }
        #expect(trips(scenario) == ["automatic rules on 5 of 40 well-known sources within ten minutes"])
    }

    @Test("One ban on the source of most of the usual traffic trips it, one on another does not")
    func mostTraffic() throws {
        let known = (1...40).map { "10.0.\($0).1" }
        var scenario = scenario(BreakerSettings())
        for _ in 0..<62 {
            scenario.now = scenario.now + .seconds(10)
            let windows = try known.map { source in
                var window = try ScoredWindow.of(source, score: 0)
                if source == known[0] { window.packets = 100_000 }
                return window
            }
            scenario.apply(scenario.policy.decide([], windows: windows, at: scenario.now))
        }
        scenario.decide(try .of(known[1]))
        #expect(trips(scenario).isEmpty)
        scenario.decide(try .of(known[0]))
        #expect(
            trips(scenario) == [
                "automatic rules on 96 % of the well-known sources' traffic within ten minutes"
            ])
    }
}
