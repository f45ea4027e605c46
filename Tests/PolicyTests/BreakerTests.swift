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

    @Test("Too many bans within a minute: all automatic rules only count, until an operator sets a mode")
    func tooManyBans() throws {
        var scenario = scenario(BreakerSettings(bansPerMinute: 3))
        try scenario.ban("203.0.113.1")
        for host in 1...4 { scenario.decide(try .of("10.\(host).0.1")) }
        #expect(trips(scenario) == ["more than 3 automatic bans within a minute"])
        #expect(scenario.policy.mode == .shadow && scenario.policy.trip != nil)
        #expect(scenario.installed.values.filter { !$0.isShadowed }.map(\.origin) == [.manual])
        scenario.decide(try .of("10.9.0.1"))
        #expect(scenario.installed.values.filter { !$0.isShadowed }.map(\.origin) == [.manual])
        scenario.apply(scenario.policy.setMode(.enforce))
        #expect(scenario.policy.trip == nil)
        #expect(scenario.installed.values.allSatisfy { !$0.isShadowed })
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
        "Rules on borrowed names count against known sources, but not as bans: forging many ends no blocking")
    func forged() throws {
        let target = Target(address: try #require(Address("10.20.0.2")), protocol: .udp, port: 53)
        func forged(_ source: String) throws -> Verdict {
            try .of(source, target: target, isTwoWay: false)
        }
        var strangers = scenario(BreakerSettings(bansPerMinute: 3))
        for host in 1...20 { strangers.decide(try forged("10.\(host).0.1")) }
        #expect(trips(strangers).isEmpty)
        let known = (1...20).map { "10.0.\($0).1" }
        var scenario = scenario(BreakerSettings(trafficShare: 1))
        try scenario.meet(known, for: .seconds(620), step: .seconds(10))
        for source in known.prefix(5) {
            // The same source twice is one source.
            scenario.decide(try forged(source))
            scenario.decide(try forged(source))
        }
        #expect(trips(scenario) == ["automatic rules on 5 of 20 well-known sources within ten minutes"])
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
