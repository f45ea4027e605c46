import Detection
import Features
import Policy
import Testing
import Traffic

/// Beginnings that have to be proven: when that goes on, and when it is over.
@Suite("Proof of address")
struct ProofTests {
    private static let victim = Address("198.51.100.5")

    /// A flood of beginnings to the victim's port 443.
    private static func flood(reason: String = "connections", isCertain: Bool = true) throws -> Verdict {
        let address = try #require(victim)
        var verdict = try Verdict.of(
            "198.51.100.5", view: .destination, score: isCertain ? 9 : 4,
            target: Target(address: address, protocol: .tcp, port: 443), isTwoWay: false, isCertain: isCertain
        )
        verdict.reason = reason
        return verdict
    }

    /// A policy in which proofs are asked for.
    private static func asking(mode: Mode = .enforce) throws -> Scenario {
        var scenario = Scenario(mode: mode)
        scenario.decide(try flood())
        return scenario
    }

    /// Lets seconds pass in which so many strangers a second begin something, and so many of these prove their address.
    private static func wait(
        _ seconds: Int, _ scenario: inout Scenario, challenged: UInt64, proven: UInt64,
        from counted: inout Challenge
    ) {
        for _ in 0..<seconds {
            counted.challenged += challenged
            counted.proven += proven
            scenario.pass(.seconds(1), counted)
        }
    }

    @Test(
        "Who begins connections to what is flooded has to prove his address",
        arguments: [Mode.limit, .enforce])
    func asks(_ mode: Mode) throws {
        let scenario = try Self.asking(mode: mode)
        let rule = try scenario.automaticRule()
        let victim = try #require(Self.victim)
        #expect(rule.match == .scope(Rule.Scope(destination: victim, protocol: .tcp, port: 443)))
        #expect(rule.kind == .prove && !rule.isShadowed)
        #expect(scenario.alerts.map(\.action) == [.prove])
    }

    @Test("It takes one window, also where a ban takes two")
    func atOnce() throws {
        var scenario = Scenario()
        scenario.decide(try Self.flood(isCertain: false))
        #expect(try scenario.automaticRule().kind == .prove)
        scenario.decide(try .of("192.0.2.7", score: 4, isCertain: false))
        _ = try scenario.automaticRule()
    }

    @Test("It goes on as long as beginnings prove nothing, and ends a minute after")
    func goesOn() throws {
        var scenario = try Self.asking()
        var counted = Challenge()
        Self.wait(300, &scenario, challenged: 20_000, proven: 50, from: &counted)
        let rate = try #require(scenario.policy.sanctions.first?.beginnings)
        #expect(abs(rate.challenged - 20_000) < 1 && abs(rate.forged - 19_950) < 1)
        #expect(scenario.policy.sanctions.first?.challenge?.proven == 15_000)
        _ = try scenario.automaticRule()
        Self.wait(58, &scenario, challenged: 40, proven: 10, from: &counted)
        _ = try scenario.automaticRule()
        Self.wait(5, &scenario, challenged: 40, proven: 10, from: &counted)
        #expect(scenario.installed.isEmpty && scenario.endings == [.expired])
    }

    @Test("Honest clients do not keep it on, however many they are")
    func honest() throws {
        var scenario = try Self.asking()
        var counted = Challenge()
        Self.wait(62, &scenario, challenged: 5_000, proven: 4_950, from: &counted)
        #expect(scenario.installed.isEmpty)
    }

    @Test("In shadow, where nobody can prove anything, verdicts keep it on")
    func shadow() throws {
        var scenario = try Self.asking(mode: .shadow)
        #expect(try scenario.automaticRule().isShadowed)
        var counted = Challenge()
        for _ in 0..<10 {
            Self.wait(20, &scenario, challenged: 20_000, proven: 0, from: &counted)
            scenario.decide(try Self.flood())
        }
        _ = try scenario.automaticRule()
        Self.wait(62, &scenario, challenged: 20_000, proven: 0, from: &counted)
        #expect(scenario.installed.isEmpty)
    }

    @Test("A limit comes only when something else than beginnings still floods after ten seconds")
    func limit() throws {
        var scenario = try Self.asking()
        var counted = Challenge()
        scenario.decide(try Self.flood(reason: "volume"))
        #expect(try scenario.automaticRule().kind == .prove)
        Self.wait(11, &scenario, challenged: 20_000, proven: 0, from: &counted)
        scenario.decide(try Self.flood())
        #expect(try scenario.automaticRule().kind == .prove)
        scenario.decide(try Self.flood(reason: "volume"))
        #expect(Set(scenario.installed.values.map(\.kind)) == [.prove, .limit])
    }

    @Test("Where questions do not arrive, only what is sent again passes, until it is tried again")
    func silent() throws {
        var scenario = try Self.asking()
        var counted = Challenge()
        func asks() throws -> Bool {
            guard case .prove(let proof) = try scenario.automaticRule().action else { return false }
            return proof.asks
        }
        func wait(_ seconds: Int, proven: UInt64, retransmitted: UInt64) {
            for _ in 0..<seconds {
                counted.challenged += 20_000
                counted.proven += proven
                counted.retransmitted += retransmitted
                scenario.pass(.seconds(1), counted)
            }
        }
        // A flood alone says nothing; nor does a lost question among others that arrive.
        wait(20, proven: 0, retransmitted: 0)
        wait(20, proven: 1, retransmitted: 50)
        #expect(try asks() && scenario.policy.unanswerable.isEmpty)
        var seconds = 0
        while try asks(), seconds < 20 {
            wait(1, proven: 0, retransmitted: 50)
            seconds += 1
        }
        #expect(seconds <= 10 && scenario.policy.unanswerable.count == 1)
        wait(59, proven: 0, retransmitted: 50)
        #expect(try !asks())
        wait(2, proven: 0, retransmitted: 50)
        #expect(try asks())
    }

    @Test("What is protected is asked for, too: nobody is shut out by it")
    func protected() throws {
        let prefix = try Scenario.prefix("198.51.100.5")
        var scenario = Scenario(protected: [ProtectedPrefix(prefix: prefix, reason: "address of eth0")])
        scenario.decide(try Self.flood())
        _ = try scenario.automaticRule()
        scenario.apply(
            scenario.policy.protect(
                [ProtectedPrefix(prefix: prefix, reason: "address of eth1")], at: scenario.now))
        _ = try scenario.automaticRule()
    }

    @Test("Who came before the attack is known, who comes while it lasts is not")
    func known() throws {
        var scenario = Scenario()
        try scenario.meet(["192.0.2.7"], for: .seconds(11))
        #expect(scenario.policy.known?.map(\.prefix) == [try Scenario.prefix("192.0.2.7")])
        scenario.decide(try Self.flood())
        #expect(scenario.policy.known == nil)
        try scenario.meet(["192.0.2.7", "192.0.2.8"], for: .seconds(11))
        scenario.wait(.seconds(62))
        #expect(scenario.policy.known?.map(\.prefix) == [try Scenario.prefix("192.0.2.7")])
    }

    @Test("What an operator lifts is not asked for again for a while")
    func lifted() throws {
        var scenario = try Self.asking()
        try scenario.unban("198.51.100.5")
        #expect(scenario.installed.isEmpty)
        scenario.decide(try Self.flood())
        #expect(scenario.installed.isEmpty)
    }

    @Test("By hand it holds in every mode, until it is lifted")
    func byHand() throws {
        var scenario = Scenario(mode: .learn)
        let victim = try #require(Self.victim)
        scenario.apply(
            try scenario.policy.prove(victim, port: 443, for: nil, reason: nil, at: scenario.now).1)
        let rule = try #require(scenario.installed.values.first)
        #expect(rule.origin == .manual && rule.expires == nil && !rule.isShadowed)
        var counted = Challenge()
        Self.wait(120, &scenario, challenged: 0, proven: 0, from: &counted)
        #expect(scenario.installed.count == 1)
        try scenario.unban("198.51.100.5")
        #expect(scenario.installed.isEmpty)
    }

    @Test("Asking everybody is no ban: circuit breakers do not count it")
    func breakers() throws {
        var scenario = Scenario()
        for last in 1...200 {
            let address = Address(ipv4: 0xC633_6400 | UInt32(last))
            scenario.decide(
                try .of(
                    "\(address)", view: .destination,
                    target: Target(address: address, protocol: .tcp, port: 443)))
        }
        #expect(scenario.installed.count == 200 && scenario.policy.trip == nil)
    }
}
