import Detection
import Features
import Policy
import TestSupport
import Testing
import Traffic

@Suite("What holds whatever happens")
struct PropertyTests {
    static let gateway = ProtectedPrefix(
        prefix: Prefix(Address(ipv4: 0x0A00_0001)), reason: "gateway of eth0")

    @Test(
        "Protected addresses are in no rule, allowed ones in no automatic rule, and each of those has an end",
        arguments: (0..<40).map { _ in UInt64.random(in: 0...UInt64.max) })
    func holds(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var scenario = Scenario()
        scenario.policy = Policy(
            settings: Self.settings, mode: .enforce, groups: groups(&random), routes: Self.routes,
            // What is counted is another test's matter.
            breakers: BreakerSettings(bansPerMinute: .max), protected: [Self.gateway])
        for _ in 0..<300 {
            step(&scenario, &random)
            check(scenario, seed)
        }
        // Left alone, everything ends but what an operator wanted for good.
        scenario.wait(.seconds(200), step: .seconds(1))
        let left = scenario.installed.values.filter { $0.action != .allow }
        #expect(left.allSatisfy { $0.origin == .manual && $0.expires == nil }, "seed \(seed)")
        #expect(left.count == scenario.policy.sanctions.count, "seed \(seed)")
    }

    private static let settings = PolicySettings(
        banDuration: .seconds(20), banMaximum: .seconds(100), limitDuration: .seconds(9))

    private static let routes = Routes(
        [
            Prefix(Address(ipv4: 0x0A00_0000), length: 30): "lan0",
            Prefix(Address(ipv6High: 0x2001_0DB8_0000_0000, low: 0), length: 63): "lan0",
            Prefix(Address(ipv4: 0), length: 0): "wan0",
            Prefix(Address(ipv6High: 0, low: 0), length: 0): "wan0",
        ], roles: ["lan0": .lan, "wan0": .wan], guarded: ["lan0", "wan0"])

    /// Up to three groups, by every way to tell them.
    private func groups(_ random: inout SeededGenerator) -> [PolicyGroup] {
        let victims = [Self.victim(isIPv4: true), Self.victim(isIPv4: false)].map { Prefix($0) }
        return [
            TrafficGroup(name: "servers", protects: victims), TrafficGroup(name: "lan", roles: [.lan]),
            TrafficGroup(name: "wan", interfaces: ["wan0"]),
        ].filter { _ in Bool.random(using: &random) }.map {
            var settings = Self.settings
            settings.widestIPv4 = Int.random(in: 24...32, using: &random)
            settings.banDuration = .seconds(Int.random(in: 5...50, using: &random))
            return PolicyGroup($0, mode: Self.mode(&random), settings: settings)
        }
    }

    private static func mode(_ random: inout SeededGenerator) -> Mode {
        Mode.allCases.randomElement(using: &random) ?? .enforce
    }

    private static func victim(isIPv4: Bool) -> Address {
        isIPv4 ? Address(ipv4: 0xC000_0207) : Address(ipv6High: 0x2001_0DB8_0007_0000, low: 7)
    }

    private func step(_ scenario: inout Scenario, _ random: inout SeededGenerator) {
        let prefix = prefix(&random)
        let duration: Duration? =
            Bool.random(using: &random) ? .seconds(Int.random(in: 1...60, using: &random)) : nil
        switch Int.random(in: 0..<11, using: &random) {
        case 0..<4:
            let view = Entity.View.allCases.randomElement(using: &random) ?? .source
            let victim = Self.victim(isIPv4: prefix.address.isIPv4)
            let target =
                [
                    nil, Target(address: victim, protocol: .tcp, port: 80),
                    Target(address: victim, protocol: .udp, port: nil),
                ].randomElement(using: &random) ?? nil
            let verdict = Verdict(
                time: scenario.now, entity: Entity(view: view, prefix: prefix), score: 2, threshold: 1,
                tier: .block,
                reason: "volume", summary: "", features: [], model: "m", target: target,
                isTwoWay: Bool.random(using: &random), peers: Int.random(in: 1...9, using: &random),
                served: Int.random(in: 0...12, using: &random))
            scenario.decide(verdict)
        case 4: _ = try? scenario.ban("\(prefix)", for: duration)
        case 5: _ = try? scenario.unban("\(prefix)")
        case 6: _ = try? scenario.allow("\(prefix)", for: duration)
        case 7:
            if let (_, changes) = try? scenario.policy.disallow(prefix) { scenario.apply(changes) }
        case 8:
            let group = ([nil] + scenario.policy.groups.map(\.name)).randomElement(using: &random) ?? nil
            scenario.apply(scenario.policy.setMode(Self.mode(&random), of: group))
        case 9:
            let allowing = [prefix].filter { _ in Bool.random(using: &random) }
            scenario.apply(
                scenario.policy.reconfigure(
                    Self.settings, mode: Self.mode(&random), groups: groups(&random), allowing: allowing,
                    at: scenario.now))
        default:
            let hits = scenario.installed.keys.sorted().filter { _ in Bool.random(using: &random) }
            scenario.wait(.seconds(Int.random(in: 1...15, using: &random)), step: .seconds(1), hits: hits)
        }
    }

    /// From a few addresses of both families, so that rules often meet.
    private func prefix(_ random: inout SeededGenerator) -> Prefix {
        let host = UInt64.random(in: 0..<6, using: &random)
        if Bool.random(using: &random) {
            let length = [32, 32, 31, 24, 16, 4].randomElement(using: &random) ?? 32
            return Prefix(Address(ipv4: 0x0A00_0000 | UInt32(host)), length: length)
        }
        let length = [128, 64, 64, 48, 32, 8].randomElement(using: &random) ?? 64
        return Prefix(Address(ipv6High: 0x2001_0DB8_0000_0000 | host, low: host), length: length)
    }

    private func check(_ scenario: Scenario, _ seed: UInt64) {
        let comment = Comment("seed \(seed)")
        let allowed = scenario.policy.allowList.map(\.prefix)
        for rule in scenario.installed.values where rule.action != .allow {
            let prefix = rule.match.prefix
            let scope: Rule.Scope? = if case .scope(let scope) = rule.match { scope } else { nil }
            // Who is asked for a proof is not shut out, wherever he goes.
            if rule.kind == .prove, scope?.source == nil {
                #expect(rule.origin == .manual || rule.expires != nil, comment)
                continue
            }
            #expect(!prefix.overlaps(Self.gateway.prefix), comment)
            switch rule.origin {
            case .automatic:
                #expect(!allowed.contains { $0.overlaps(prefix) }, comment)
                #expect(rule.expires != nil, comment)
            case .manual:
                #expect(!allowed.contains { $0.contains(prefix) }, comment)
            }
            if let scope, scope.source == nil { #expect(rule.isLimit, comment) }
        }
        for sanction in scenario.policy.sanctions where sanction.rule.origin == .automatic {
            #expect(sanction.rule.isShadowed == scenario.policy.isShadowing(sanction.group), comment)
        }
        let current = scenario.policy.rules.filter { rule in rule.expires.map { $0 > scenario.now } ?? true }
        #expect(Set(current.map(\.id)) == Set(scenario.installed.keys), comment)
        #expect(Set(current.map(\.id)).count == current.count, comment)
    }
}
