import Detection
import Policy
import Testing
import Traffic

/// Nobody is shut out for what another can do in his name.
@Suite("Who may be forged, and who is many")
struct GateTests {
    private static let families = [("192.0.2.7", "198.51.100.5"), ("2001:db8:1:2::/64", "2001:db8:20::2")]

    private func target(_ address: String, port: UInt16?) throws -> Target {
        Target(address: try #require(Address(address)), protocol: .udp, port: port)
    }

    @Test(
        "A flood that anybody could forge is dropped where it goes to, and nothing else of its source is",
        arguments: families)
    func flood(_ source: String, _ victim: String) throws {
        var scenario = Scenario()
        scenario.decide(try .of(source, target: try target(victim, port: 53), isTwoWay: false))
        let rule = try scenario.automaticRule()
        let scope = Rule.Scope(
            destination: try #require(Address(victim)), protocol: .udp, port: 53,
            source: try Scenario.prefix(source))
        #expect(rule.match == .scope(scope) && rule.action == .deny)
        #expect(rule.lasts(.seconds(600), from: scenario.now))
        #expect(scenario.alerts.map(\.action) == [.ban])
    }

    @Test(
        "A flood at several ports is dropped towards that host, in its own protocol only", arguments: families
    )
    func manyPorts(_ source: String, _ victim: String) throws {
        var scenario = Scenario()
        scenario.decide(try .of(source, target: try target(victim, port: nil), isTwoWay: false))
        let scope = Rule.Scope(
            destination: try #require(Address(victim)), protocol: .udp, source: try Scenario.prefix(source))
        #expect(try scenario.automaticRule().match == .scope(scope))
    }

    @Test(
        "Who may be forged and scans keeps all that answers, in each mode that acts, however busy he is",
        arguments: families)
    func scan(_ source: String, _ victim: String) throws {
        for (mode, served) in [(Mode.enforce, 0), (.enforce, 40), (.limit, 0)] {
            var scenario = Scenario(mode: mode)
            scenario.decide(
                try .of(
                    source, target: try target(victim, port: nil), isTwoWay: false, served: served,
                    reason: "scan"))
            let rule = try scenario.automaticRule()
            #expect(rule.match == .source(try Scenario.prefix(source)))
            #expect(rule.action == .limit(.confined))
        }
    }

    @Test(
        "Inside, nobody is shut out for what is said of him, unless a group is there for it",
        arguments: families)
    func inside(_ source: String, _ victim: String) throws {
        for (isProven, hasGroup) in [(false, false), (true, false), (true, true)] {
            var scenario = Scenario()
            if hasGroup {
                let group = PolicyGroup(
                    TrafficGroup(name: "inside", roles: [.lan]), mode: .enforce, settings: PolicySettings())
                scenario.policy = Policy(
                    settings: PolicySettings(), mode: .enforce, groups: [group],
                    routes: Routes(
                        [try Scenario.prefix(source): "lan0"], roles: ["lan0": .lan], guarded: ["lan0"]))
            }
            scenario.policy.bind(Ingress(homes: [try Scenario.prefix(source)]))
            scenario.decide(try .of(source, target: try target(victim, port: 53), isTwoWay: isProven))
            #expect(scenario.installed.isEmpty == !hasGroup)
            #expect(scenario.alerts.count == 1)
        }
    }

    @Test(
        "Who may be forged and floods many hosts keeps the services that answer", arguments: families)
    func sweep(_ source: String, _ victim: String) throws {
        var scenario = Scenario()
        scenario.decide(
            try .of(source, target: try target(victim, port: nil), isTwoWay: false, peers: 200))
        let rule = try scenario.automaticRule()
        #expect(rule.match == .source(try Scenario.prefix(source)))
        #expect(rule.action == .limit(.confined))
    }

    @Test("What cannot be proven never grows longer, however often it happens")
    func doesNotEscalate() throws {
        var scenario = Scenario(settings: PolicySettings(banDuration: .seconds(60)))
        for _ in 0..<4 {
            scenario.decide(
                try .of("192.0.2.7", target: try target("198.51.100.5", port: 53), isTwoWay: false))
            #expect(try scenario.automaticRule().lasts(.seconds(60), from: scenario.now))
            scenario.wait(.seconds(61), step: .seconds(1))
        }
    }

    @Test("Who turns from one service to the next is kept from each of them")
    func turnsToNext() throws {
        var scenario = Scenario()
        for port: UInt16 in [53, 123, 53] {
            scenario.decide(
                try .of("192.0.2.7", target: try target("198.51.100.5", port: port), isTwoWay: false))
        }
        #expect(scenario.installed.count == 2)
    }

    @Test("One scanner among a hundred clients behind one address: reported, not banned")
    func scannerBehindTranslation() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7", target: try target("198.51.100.5", port: nil), served: 40))
        #expect(scenario.installed.isEmpty)
        #expect(scenario.alerts.map(\.note) == ["a ban would cut off its 40 other conversations"])
    }

    @Test("One who guesses passwords among a hundred clients: they all are kept from that service only")
    func guesserBehindTranslation() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7", target: try target("198.51.100.5", port: 22), served: 40))
        let scope = Rule.Scope(
            destination: try #require(Address("198.51.100.5")), protocol: .udp, port: 22,
            source: try Scenario.prefix("192.0.2.7"))
        #expect(try scenario.automaticRule().match == .scope(scope))
    }

    @Test("In shadow mode the same narrow rule only counts, and in limit mode the source is limited")
    func otherModes() throws {
        var shadow = Scenario(mode: .shadow)
        shadow.decide(try .of("192.0.2.7", target: try target("198.51.100.5", port: 53), isTwoWay: false))
        #expect(try shadow.automaticRule().isShadowed)
        var limit = Scenario(mode: .limit)
        limit.decide(try .of("192.0.2.7", target: try target("198.51.100.5", port: 53), isTwoWay: false))
        #expect(try limit.automaticRule().match == shadow.automaticRule().match)
        #expect(try limit.automaticRule().isLimit)
    }

    @Test("Explaining who is kept from one service says so")
    func explains() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7", target: try target("198.51.100.5", port: 53), isTwoWay: false))
        let source = scenario.policy.treatment(of: try #require(Address("192.0.2.7")))
        #expect(source.sanctions.isEmpty && source.partial.count == 1)
        let victim = scenario.policy.treatment(of: try #require(Address("198.51.100.5")))
        #expect(victim.towards.isEmpty && victim.partial.isEmpty)
    }
}
