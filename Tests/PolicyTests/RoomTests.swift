import Detection
import Features
import Policy
import TestSupport
import Testing
import Traffic

@Suite("Room for rules")
struct RoomTests {
    private static let service = Target(address: Address(ipv4: 0x0A14_0002), protocol: .udp, port: 53)

    private func scenario(sources: Int = 160, scopes: Int = 160) -> Scenario {
        var scenario = Scenario()
        scenario.policy.room = RuleRoom(sources: sources, scopes: scopes)
        return scenario
    }

    /// A flood under a name that may be borrowed, on a host of its own unless one is named.
    private func forged(_ number: Int, on target: Target? = nil) throws -> Verdict {
        let host = try #require(Address("10.\(number / 250).\(number % 250).2"))
        return try .of(
            "172.\(number / 250).\(number % 250).1",
            target: target ?? Target(address: host, protocol: .tcp, port: nil), isTwoWay: false)
    }

    /// Proven, with so much other business that it is only kept from what it attacks.
    private func busy(_ number: Int) throws -> Verdict {
        try .of(
            "192.\(number / 250).\(number % 250).1",
            target: Target(
                address: try #require(Address("10.\(number / 250).\(number % 250).3")), protocol: .tcp,
                port: 22),
            served: 20)
    }

    private func attacked(_ number: Int) throws -> Verdict {
        let host = "10.\(number / 250).\(number % 250).4"
        let address = try #require(Address(host))
        return try .of(
            host, view: .destination, target: Target(address: address, protocol: .udp, port: 53))
    }

    private func count(_ scenario: Scenario, _ isMeant: (Sanction) -> Bool) -> Int {
        #expect(scenario.policy.sanctions.count == scenario.installed.count)
        #expect(Set(scenario.policy.sanctions.map(\.rule)) == Set(scenario.installed.values))
        return scenario.policy.sanctions.count(where: isMeant)
    }

    private func isService(_ sanction: Sanction) -> Bool {
        if case .scope(let scope) = sanction.rule.match { scope.source == nil } else { false }
    }

    @Test(
        "Names that may be borrowed fill half of the table, proven ones three quarters, services get the rest"
    )
    func shares() throws {
        var scenario = scenario()
        for number in 0..<1000 { scenario.decide(try forged(number)) }
        #expect(count(scenario) { !$0.isProven } == 80)
        #expect(scenario.policy.occupancy.refused == 920)
        // Each that comes takes a free place while its share lasts, then that of the oldest borrowed name.
        for number in 0..<1000 { scenario.decide(try busy(number)) }
        #expect(count(scenario) { !$0.isProven } == 0 && count(scenario) { $0.isProven } == 120)
        for number in 0..<1000 { scenario.decide(try attacked(number)) }
        #expect(count(scenario, isService) == 150 && scenario.policy.occupancy.used.scopes == 150)
        #expect(scenario.endings.allSatisfy { $0 == .evicted })
        // Those are the first to go, and the latest stay.
        let started = scenario.policy.sanctions.filter(isService).map(\.prefix)
        #expect(started.contains(Prefix(Address(ipv4: 0x0A00_9504))))
    }

    @Test("What there is no room for is told as an alert that says so, and is in force nowhere")
    func tells() throws {
        var scenario = scenario()
        for number in 0..<81 { scenario.decide(try forged(number)) }
        #expect(
            scenario.alerts.last?.note == "no room for one more rule" && scenario.alerts.last?.ruleID == nil)
        let treatment = scenario.policy.treatment(of: Address(ipv4: 0xAC00_5001))
        #expect(treatment.partial.isEmpty && treatment.deciding == nil)
        // With room again it is made.
        let oldest = try #require(scenario.policy.sanctions.last)
        scenario.apply(scenario.policy.unban([oldest.prefix], at: scenario.now).2)
        scenario.decide(try forged(80))
        #expect(!scenario.policy.treatment(of: Address(ipv4: 0xAC00_5001)).partial.isEmpty)
    }

    @Test("At most 64 names are kept from one service, and 256 from one host, however many come")
    func crowds() throws {
        var scenario = scenario(scopes: 16_384)
        for number in 0..<500 { scenario.decide(try forged(number, on: Self.service)) }
        #expect(count(scenario) { !isService($0) } == 64)
        #expect(scenario.alerts.last?.note?.contains("64 names are kept from that service already") == true)
        for port in UInt16(1)...20 {
            var target = Self.service
            target.port = port
            for number in 0..<30 { scenario.decide(try forged(1000 + Int(port) * 30 + number, on: target)) }
        }
        #expect(count(scenario) { !isService($0) } == 256)
        // A rule on the service, and one on a proven source, are made all the same.
        scenario.decide(
            try .of("10.20.0.2", view: .destination, target: Self.service),
            try .of("192.0.2.1", target: Self.service, served: 20))
        #expect(count(scenario, isService) == 1 && count(scenario) { $0.isProven && !isService($0) } == 1)
        // Once they have ended, others get their places.
        scenario.wait(.seconds(601), step: .seconds(1))
        scenario.decide(try forged(2000, on: Self.service))
        #expect(count(scenario) { !isService($0) && !$0.isProven } == 1)
    }

    @Test(
        "Operators' bans take every place there is from automatic rules, forged names first; then they are refused"
    )
    func manual() throws {
        var scenario = scenario()
        for number in 0..<30 {
            scenario.decide(try .of("172.16.\(number).1", isTwoWay: false, peers: 9))
            scenario.decide(try .of("172.17.\(number).1"))
        }
        #expect(scenario.policy.occupancy.used.sources == 35)
        for number in 0..<160 {
            try scenario.ban("198.51.\(number).0/24")
            let used = scenario.policy.occupancy.used.sources
            #expect(used == min(36 + number, 160))
            if number == 125 { #expect(count(scenario) { $0.isLimit } == 4) }
        }
        #expect(count(scenario) { $0.rule.origin == .manual } == 160)
        let refusal = #expect(throws: Refusal.self) { try scenario.ban("203.0.113.1") }
        #expect(refusal?.kind == .noRoom)
        // The same again needs none, and neither do these.
        try scenario.ban("198.51.7.0/24", for: .seconds(60))
        scenario.apply(scenario.policy.setMode(.shadow))
        try scenario.allow("203.0.113.1")
        try scenario.unban("198.51.8.0/24")
        try scenario.ban("203.0.113.2")
    }

    @Test(
        "Random rules of all kinds: no table is fuller than it may be, and what is reported is what is installed"
    )
    func property() throws {
        var random = SeededGenerator()
        var scenario = scenario(sources: 40, scopes: 24)
        for _ in 0..<3000 {
            let number = Int.random(in: 0..<200, using: &random)
            switch Int.random(in: 0..<9, using: &random) {
            case 0: scenario.decide(try forged(number))
            case 1: scenario.decide(try busy(number))
            case 2: scenario.decide(try attacked(number))
            case 3: scenario.decide(try .of("172.17.\(number).1"))
            case 4: scenario.decide(try .of("172.16.\(number).1", isTwoWay: false, peers: 9))
            case 5: try? scenario.ban("203.0.113.\(number)", for: .seconds(300))
            case 6: try? scenario.unban("203.0.113.\(number)")
            case 7: scenario.decide(try forged(number, on: Self.service))
            default: scenario.wait(.seconds(20), step: .seconds(5))
            }
            let used = scenario.policy.occupancy.used
            #expect(used.sources <= 40 && used.scopes <= 24, "\(random)")
            let sanctions = scenario.policy.sanctions
            let scoped = sanctions.count { if case .scope = $0.rule.match { true } else { false } }
            #expect(used == RuleRoom(sources: sanctions.count - scoped, scopes: scoped), "\(random)")
            #expect(Set(sanctions.map(\.rule)) == Set(scenario.installed.values), "\(random)")
        }
    }

    @Test("A restart keeps operators' bans, and of the others what there is room for")
    func restart() throws {
        var first = Scenario()
        for number in 0..<30 { first.decide(try forged(number)) }
        for number in 0..<30 { try first.ban("198.51.\(number).0/24") }
        var saved = SavedState()
        saved.sanctions = first.policy.sanctions
        var second = scenario(sources: 32, scopes: 32)
        second.apply(second.policy.start(allowing: [], restoring: saved, at: second.now))
        #expect(count(second) { $0.rule.origin == .manual } == 30 && count(second) { !$0.isProven } == 46)
        #expect(second.endings.count == 14 && second.endings.allSatisfy { $0 == .evicted })
    }

    @Test("What the data plane has no room for all the same decides nothing, and counts as what it is")
    func lacks() throws {
        var scenario = scenario()
        scenario.decide(try .of("192.0.2.7"), try forged(1))
        let rules = scenario.policy.sanctions.map(\.rule)
        scenario.policy.note(rules, refused: Set(rules.map(\.id)))
        #expect(scenario.policy.occupancy.lacking == 2 && scenario.policy.counts == (0, 0))
        #expect(Set(scenario.policy.lackingRules) == Set(rules))
        let treatment = scenario.policy.treatment(of: Address(ipv4: 0xC000_0207))
        #expect(treatment.deciding == nil && treatment.lacksRoom)
        scenario.policy.note(rules, refused: [rules[0].id])
        #expect(scenario.policy.lackingRules == [rules[0]] && scenario.policy.occupancy.lacking == 1)
        scenario.wait(.seconds(601), step: .seconds(1))
        #expect(scenario.policy.occupancy.lacking == 0 && scenario.policy.lackingRules.isEmpty)
    }
}
