import Detection
import Policy
import Testing
import Traffic

@Suite("What rules cost")
struct TollTests {
    /// Lets a rule stop so many packets in each of some seconds.
    private func stop(
        _ perSecond: UInt64, for seconds: Int, by id: UInt32, in scenario: inout Scenario
    ) {
        var dropped = Count()
        for _ in 0..<seconds {
            scenario.now = scenario.now + .seconds(1)
            dropped += Count(packets: perSecond, bytes: perSecond * 100)
            let counters = RuleCounters(id: id, dropped: dropped, lastHit: scenario.now)
            scenario.apply(scenario.policy.tick(at: scenario.now, counters: [counters]))
        }
    }

    @Test("Of what a ban would have stopped, a limit would have let its rate pass")
    func shadow() throws {
        var scenario = Scenario(mode: .shadow, settings: PolicySettings(limitPacketsPerSecond: 100))
        scenario.decide(try .of("2001:db8:1::/64"))
        stop(150, for: 10, by: try scenario.automaticRule().id, in: &scenario)
        let toll = try #require(scenario.policy.takeTolls()[nil])
        #expect(toll.enforced == Count(packets: 1500, bytes: 150_000))
        #expect(toll.limited == Count(packets: 500, bytes: 50_000))
        #expect(toll.enforcedOfKnown == Count())
        #expect(scenario.policy.takeTolls().isEmpty, "counted twice")
        stop(90, for: 5, by: try scenario.automaticRule().id, in: &scenario)
        #expect(scenario.policy.takeTolls()[nil]?.limited == Count(), "within the rate")
    }

    @Test("What comes from well-known sources is told apart, by group")
    func known() throws {
        let servers = PolicyGroup(
            TrafficGroup(name: "servers", protects: [try Scenario.prefix("10.20.0.0/24")]), mode: .enforce,
            settings: PolicySettings())
        var scenario = Scenario()
        scenario.policy = Policy(settings: PolicySettings(), mode: .shadow, groups: [servers])
        try scenario.meet(["192.0.2.7"], for: .seconds(620), step: .seconds(10))
        let target = Target(address: try #require(Address("10.20.0.2")), protocol: .tcp, port: 22)
        scenario.decide(try .of("192.0.2.7", target: target))
        stop(10, for: 1, by: try scenario.automaticRule().id, in: &scenario)
        let tolls = scenario.policy.takeTolls()
        #expect(tolls.keys.map { $0 } == ["servers"])
        #expect(tolls["servers"]?.enforcedOfKnown == Count(packets: 10, bytes: 1000))
        #expect(scenario.policy.sanctions.map(\.isOnKnown) == [true])
    }

    @Test(
        "A packet that a narrow and a wide rule in shadow match is one packet; by hand costs nobody anything")
    func once() throws {
        var scenario = Scenario(mode: .shadow)
        for host in 1...4 { scenario.decide(try .of("192.0.2.\(host)")) }
        try scenario.ban("203.0.113.7")
        let counters = scenario.installed.values.map {
            RuleCounters(id: $0.id, dropped: Count(packets: 7, bytes: 700), lastHit: scenario.now)
        }
        #expect(counters.count == 6)
        scenario.apply(scenario.policy.tick(at: scenario.now, counters: counters))
        #expect(scenario.policy.takeTolls()[nil]?.enforced == Count(packets: 7, bytes: 700))
    }

    @Test("A reading is shared out to groups, and what is in none is the rest")
    func traffic() throws {
        let groups = try ["10.20.0.0/24", "2001:db8:20::/64"].map { prefix in
            PolicyGroup(
                TrafficGroup(
                    name: prefix.contains(":") ? "six" : "four", protects: [try Scenario.prefix(prefix)]),
                mode: .shadow, settings: PolicySettings())
        }
        let policy = Policy(settings: PolicySettings(), mode: .shadow, groups: groups)
        let now = Timestamp(seconds: 1000)
        var samples: [FlowSample] = []
        for (source, destination) in [
            ("192.0.2.1", "10.20.0.2"), ("2001:db8::1", "2001:db8:20::2"), ("10.20.0.2", "192.0.2.1"),
        ] {
            let key = FlowKey(
                source: try #require(Address(source)), destination: try #require(Address(destination)),
                protocol: .tcp, sourcePort: 1, destinationPort: 2)
            var sample = FlowSample(key: key, first: now, last: now)
            (sample.packets, sample.bytes) = (5, 500)
            samples.append(sample)
        }
        var reading = Reading(start: now, end: now + .seconds(1), samples: samples)
        reading.totals.flow = Count(packets: 15, bytes: 1500)
        reading.totals.dropped = Count(packets: 2, bytes: 200)
        let traffic = policy.traffic(in: reading)
        #expect(traffic["four"] == Count(packets: 5, bytes: 500))
        #expect(traffic["six"] == Count(packets: 5, bytes: 500))
        #expect(traffic[nil] == Count(packets: 7, bytes: 700))
    }
}
