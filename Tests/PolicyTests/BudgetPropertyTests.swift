import Detection
import Policy
import TestSupport
import Testing
import Traffic

@Suite("The budget of automatic rules")
struct BudgetPropertyTests {
    private static let knownShare = 0.3
    private static let known = (1...20).map { "10.0.\($0).1" } + (1...20).map { "2001:db8:\($0)::/64" }

    /// No rule lasts longer than breakers remember.
    private static let settings = PolicySettings(
        banDuration: .seconds(120), banMaximum: .seconds(300), limitDuration: .seconds(120))

    @Test(
        "Whatever verdicts come, proven rules hold on no more known sources than may be, and on none while a breaker is open",
        arguments: (0..<30).map { _ in UInt64.random(in: 0...UInt64.max) })
    func holds(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let groups = try [("servers", "10.20.0.0/24"), ("six", "2001:db8:f000::/48")].map { name, prefix in
            PolicyGroup(
                TrafficGroup(name: name, protects: [try Scenario.prefix(prefix)]),
                mode: [.enforce, .limit, .shadow].randomElement(using: &random) ?? .enforce,
                settings: Self.settings)
        }
        // Of the two budgets now the one is reached first, now the other.
        let breakers = BreakerSettings(
            bansPerMinute: [6, 1000].randomElement(using: &random) ?? 6, knownShare: Self.knownShare,
            trafficShare: 0.4)
        var scenario = Scenario()
        scenario.policy = Policy(
            settings: Self.settings, mode: .enforce, groups: groups, breakers: breakers)
        try scenario.meet(Self.known, for: .seconds(620), step: .seconds(10))
        // Some seeds stay within the budget, some do not.
        let pace = Int.random(in: 1...40, using: &random)
        var beginnings: [Timestamp] = []
        // Who had a verdict is not known as good any more, so each gets one.
        var good = Self.known.shuffled(using: &random)
        for _ in 0..<200 {
            let told = scenario.events.count
            scenario.decide(try verdict(&random, good: &good))
            for case .imposed(let ban) in scenario.events.dropFirst(told)
            where ban.offence > 0 && scenario.policy.mode(of: ban.group) == .enforce {
                beginnings.append(scenario.now)
            }
            let now = scenario.now
            let latest = beginnings.count { now - $0 < .seconds(60) }
            if latest > breakers.bansPerMinute { #expect(scenario.policy.trip != nil, "seed \(seed)") }
            try checkKnown(scenario, seed)
            // Strangers stay shut out, whatever has tripped: only groups that shadow do not enforce.
            for sanction in scenario.policy.sanctions where !sanction.isOnKnown {
                let isShadowing = scenario.policy.mode(of: sanction.group) == .shadow
                #expect(sanction.rule.isShadowed == isShadowing, "seed \(seed)")
            }
            scenario.wait(.seconds(Int.random(in: 0...pace, using: &random)), step: .seconds(1))
        }
    }

    /// Of the sources known at the start (each sends as much as any other), no more are under proven rules that are enforced
    /// than may be, and none under any rule while a breaker is open.
    private func checkKnown(_ scenario: Scenario, _ seed: UInt64) throws {
        let known = Set(try Self.known.map(Scenario.prefix))
        let enforced = scenario.policy.sanctions.filter {
            !$0.rule.isShadowed && known.contains($0.prefix)
        }
        #expect(enforced.allSatisfy { $0.isOnKnown }, "seed \(seed)")
        let touched = Set(enforced.filter(\.isProven).map(\.prefix)).count
        #expect(Double(touched) <= Self.knownShare * Double(known.count), "seed \(seed)")
        if scenario.policy.trip != nil { #expect(enforced.isEmpty, "seed \(seed)") }
    }

    private func verdict(
        _ random: inout SeededGenerator, good: inout [String]
    ) throws -> Verdict {
        let number = Int.random(in: 1...250, using: &random)
        let isIPv4 = Bool.random(using: &random)
        let stranger = isIPv4 ? "192.0.\(number % 5).\(number)" : "2001:db8:\(number % 5)f:\(number)::/64"
        let source = Bool.random(using: &random) ? good.popLast() ?? stranger : stranger
        let victim = [
            source.contains(":") ? "2001:db8:f000::2" : "10.20.0.2",
            source.contains(":") ? "2001:db8:e000::2" : "10.30.0.2",
        ].randomElement(using: &random)
        return try .of(
            source,
            target: Target(address: try #require(victim.flatMap(Address.init)), protocol: .tcp, port: 80),
            isTwoWay: Int.random(in: 0..<4, using: &random) > 0)
    }
}
