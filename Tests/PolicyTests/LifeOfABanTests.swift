import Detection
import Features
import Policy
import Testing
import Traffic

@Suite("The life of a ban")
struct LifeOfABanTests {
    @Test("A ban ends by itself when the source has been quiet")
    func ends() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"))
        scenario.wait(.seconds(539))
        #expect(scenario.policy.counts.bans == 1)
        scenario.wait(.seconds(62))
        #expect(scenario.policy.counts.bans == 0 && scenario.installed.isEmpty)
        #expect(scenario.endings == [.expired])
    }

    @Test("A ban is extended without a gap while its source goes on, and ends soon after it stops")
    func isExtended() throws {
        var scenario = Scenario(settings: PolicySettings(banDuration: .seconds(20)))
        scenario.decide(try .of("192.0.2.7"))
        let rule = try scenario.automaticRule()
        for _ in 0..<60 {
            scenario.wait(.seconds(1), hits: [rule.id])
            #expect(scenario.installed[rule.id] != nil)
        }
        let sanction = try #require(scenario.policy.sanctions.first)
        #expect(sanction.dropped == Count(packets: 300, bytes: 18000))
        #expect(sanction.lastHit == scenario.now)
        scenario.wait(.seconds(21))
        #expect(scenario.installed.isEmpty && scenario.endings == [.expired])
    }

    @Test("A limit that drops nothing ends although packets still match it")
    func limitEnds() throws {
        let victim = try #require(Address("198.51.100.5"))
        var scenario = Scenario(settings: PolicySettings(limitDuration: .seconds(10)))
        scenario.decide(
            try .of(
                "198.51.100.5", view: .destination, target: Target(address: victim, protocol: .udp, port: 53))
        )
        let rule = try scenario.automaticRule()
        for _ in 0..<11 {
            scenario.now = scenario.now + .seconds(1)
            let matched = RuleCounters(id: rule.id, dropped: Count(), lastHit: scenario.now)
            scenario.apply(scenario.policy.tick(at: scenario.now, counters: [matched]))
        }
        #expect(scenario.endings == [.expired])
    }

    @Test("Each further ban of a source lasts twice as long, up to the maximum")
    func escalates() throws {
        var scenario = Scenario(
            settings: PolicySettings(banDuration: .seconds(60), banMaximum: .seconds(300)))
        var lengths: [Duration] = []
        for _ in 0..<5 {
            scenario.decide(try .of("192.0.2.7"))
            let expires = try #require(try scenario.automaticRule().expires)
            lengths.append(expires - scenario.now)
            scenario.wait(expires - scenario.now + .seconds(1), step: .seconds(1))
        }
        let full: [Duration] = [60, 120, 240, 300, 300].map { .seconds($0) }
        for (length, full) in zip(lengths, full) { #expect(length > full * 0.9 && length <= full) }
        #expect(Set(lengths).count == lengths.count, "all the same length, to the nanosecond")
    }

    @Test("Good behaviour takes offences off one by one")
    func decays() throws {
        var scenario = Scenario(
            settings: PolicySettings(banDuration: .seconds(10), banMaximum: .seconds(1000)))
        func ban(after pause: Duration) throws -> Rule {
            scenario.wait(pause, step: .seconds(1))
            scenario.decide(try .of("2001:db8:1::/64"))
            return try scenario.automaticRule()
        }
        // 10, 20, 40 and 80 s; each is over when the next verdict comes, and no time to forget has passed.
        for (pause, length) in [(0, 10), (11, 20), (21, 40), (41, 80)] as [(Int, Int)] {
            let rule = try ban(after: .seconds(pause))
            #expect(rule.lasts(.seconds(length), from: scenario.now), "\(length)")
        }
        // Half of the four are forgotten half way.
        let rule = try ban(after: .seconds(80 + 510))
        #expect(rule.lasts(.seconds(40), from: scenario.now))
    }

    @Test("Those who are banned together do not come back together")
    func isJittered() throws {
        var scenario = Scenario(settings: PolicySettings(banDuration: .seconds(600)))
        for host in 1...20 { scenario.decide(try .of("10.\(host).0.1")) }
        let ends = Set(scenario.installed.values.compactMap(\.expires))
        let (first, last) = (try #require(ends.min()), try #require(ends.max()))
        #expect(ends.count == 20 && last - first > .seconds(30))
    }

    @Test("A source that behaved well for the length of the longest ban starts anew")
    func forgets() throws {
        var scenario = Scenario(
            settings: PolicySettings(banDuration: .seconds(60), banMaximum: .seconds(300)))
        scenario.decide(try .of("192.0.2.7"))
        scenario.wait(.seconds(61 + 300), step: .seconds(1))
        scenario.decide(try .of("192.0.2.7"))
        #expect(try scenario.automaticRule().lasts(.seconds(60), from: scenario.now))
    }

    @Test("Counters that start from nothing again, because the rule was installed anew, are added up")
    func addsUpCounters() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"))
        let id = try scenario.automaticRule().id
        for packets: UInt64 in [10, 25, 4, 6] {
            let counters = RuleCounters(
                id: id, dropped: Count(packets: packets, bytes: packets * 60), lastHit: nil)
            scenario.apply(scenario.policy.tick(at: scenario.now, counters: [counters]))
        }
        #expect(scenario.policy.sanctions.first?.dropped == Count(packets: 31, bytes: 1860))
    }

    @Test("Counters of rules that nobody knows are ignored")
    func ignoresUnknownCounters() {
        var scenario = Scenario()
        let counters = RuleCounters(id: 77, dropped: Count(packets: 1, bytes: 60), lastHit: scenario.now)
        scenario.apply(scenario.policy.tick(at: scenario.now, counters: [counters]))
        #expect(scenario.installed.isEmpty && scenario.events.isEmpty)
    }
}
