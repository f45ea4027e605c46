import Detection
import Features
import Policy
import Testing
import Traffic

@Suite("Decisions")
struct DecisionTests {
    static let sources = ["192.0.2.7", "2001:db8:1:2::/64"]

    @Test("A source that is sure to attack is banned for the configured time", arguments: sources)
    func bansSource(_ source: String) throws {
        var scenario = Scenario()
        scenario.decide(try .of(source))
        let rule = try scenario.automaticRule()
        #expect(rule.match == .source(try Scenario.prefix(source)))
        #expect(rule.action == .deny)
        #expect(!rule.isShadowed)
        #expect(rule.lasts(.seconds(600), from: scenario.now))
        let alert = try #require(scenario.alerts.first)
        #expect(alert.action == .ban && alert.ruleID == rule.id)
        #expect(scenario.policy.sanctions.first?.alertID == alert.id)
    }

    @Test("While learning nothing is decided")
    func learns() throws {
        var scenario = Scenario(mode: .learn)
        scenario.decide(try .of("192.0.2.7"))
        #expect(scenario.installed.isEmpty && scenario.events.isEmpty)
    }

    @Test("In shadow mode the same rule is made, but only counts")
    func shadows() throws {
        var scenario = Scenario(mode: .shadow)
        scenario.decide(try .of("192.0.2.7"))
        let rule = try scenario.automaticRule()
        #expect(rule.isShadowed && rule.action == .deny)
        #expect(scenario.alerts.map(\.action) == [.ban])
    }

    @Test("In limit mode a source is limited instead of banned")
    func limits() throws {
        var scenario = Scenario(mode: .limit, settings: PolicySettings(limitPacketsPerSecond: 50))
        scenario.decide(try .of("192.0.2.7"))
        #expect(try scenario.automaticRule().action == .limit(Rule.Rate(packets: 50)))
        #expect(scenario.alerts.map(\.action) == [.limit])
    }

    @Test("What is under attack is limited at most, never banned", arguments: [Mode.limit, .enforce])
    func limitsDestination(_ mode: Mode) throws {
        let victim = try #require(Address("198.51.100.5"))
        var scenario = Scenario(mode: mode)
        scenario.decide(
            try .of(
                "198.51.100.5", view: .destination, target: Target(address: victim, protocol: .udp, port: 53))
        )
        let rule = try scenario.automaticRule()
        #expect(rule.match == .scope(Rule.Scope(destination: victim, protocol: .udp, port: 53)))
        #expect(rule.action == .limit(Rule.Rate(packets: 1000)))
        #expect(rule.expires == scenario.now + .seconds(300))
    }

    @Test("A destination that is no single address, and has no target, is only reported")
    func reportsWideDestination() throws {
        var scenario = Scenario()
        scenario.decide(try .of("198.51.100.0/24", view: .destination))
        #expect(scenario.installed.isEmpty)
        #expect(scenario.alerts.map(\.note) == ["no single address is under attack"])
    }

    @Test("An alert blocks nobody, and is not repeated within a minute")
    func reportsOnce() throws {
        var scenario = Scenario()
        for _ in 0..<10 {
            scenario.decide(try .of("192.0.2.7", tier: .alert))
            scenario.wait(.seconds(1))
        }
        #expect(scenario.installed.isEmpty)
        #expect(scenario.alerts.map(\.action) == [.alert])
        scenario.wait(.seconds(60))
        scenario.decide(try .of("192.0.2.7", tier: .alert))
        #expect(scenario.alerts.count == 2)
    }

    @Test("A source is banned even if it has just raised an alert")
    func escalates() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7", tier: .alert), try .of("192.0.2.7"))
        #expect(scenario.alerts.map(\.action) == [.alert, .ban])
    }

    @Test("A source that is banned already makes no second rule and no second alert")
    func bansOnce() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"), try .of("192.0.2.7"))
        scenario.decide(try .of("192.0.2.7"))
        #expect(scenario.installed.count == 1 && scenario.alerts.count == 1)
    }

    @Test("A source within a prefix that is banned by hand makes no rule")
    func isCoveredByManualBan() throws {
        var scenario = Scenario()
        try scenario.ban("192.0.2.0/24")
        scenario.decide(try .of("192.0.2.7"))
        #expect(scenario.installed.values.map(\.origin) == [.manual])
    }

    static let refused: [(String, String)] = [
        ("10.0.0.9", "10.0.0.9 is on the allow-list (10.0.0.0/24)"),
        ("192.168.1.1", "192.168.1.1 is protected: 192.168.1.1 is gateway of eth0"),
        ("127.0.0.1", "127.0.0.1 is protected: 127.0.0.0/8 is loopback"),
        ("::1", "::1 is protected: ::1 is loopback"),
        ("0.0.0.0", "0.0.0.0 is protected: 0.0.0.0/8 is hosts without an address"),
        ("224.0.0.251", "224.0.0.251 is protected: 224.0.0.0/4 is multicast"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64 is protected: 2001:db8:1:2::1 is address of eth0"),
        ("198.51.0.0/16", "198.51.0.0/16 is too wide for one rule: at most /24"),
        ("2001:db9::/40", "2001:db9::/40 is too wide for one rule: at most /48"),
        ("fe80::/64", "fe80::/64 is too wide for one rule: at most /128"),
    ]

    @Test(
        "What is allowed, protected or too wide is reported, with the reason, and not banned",
        arguments: refused)
    func refuses(_ source: String, _ reason: String) throws {
        var scenario = Scenario(protected: [
            ProtectedPrefix(prefix: try Scenario.prefix("192.168.1.1"), reason: "gateway of eth0"),
            ProtectedPrefix(prefix: try Scenario.prefix("2001:db8:1:2::1"), reason: "address of eth0"),
        ])
        try scenario.allow("10.0.0.0/24")
        scenario.decide(try .of(source))
        #expect(scenario.installed.values.filter { $0.action != .allow } == [])
        #expect(scenario.alerts.map(\.note) == [reason])
    }

    @Test("Changing the mode shadows or enforces the automatic rules in force, and leaves manual ones")
    func changesMode() throws {
        var scenario = Scenario(mode: .shadow)
        scenario.decide(try .of("192.0.2.7"))
        try scenario.ban("192.0.2.8")
        scenario.apply(scenario.policy.setMode(.enforce))
        #expect(scenario.installed.values.allSatisfy { !$0.isShadowed })
        scenario.apply(scenario.policy.setMode(.shadow))
        #expect(try scenario.automaticRule().isShadowed)
        #expect(scenario.installed.values.filter { $0.origin == .manual }.allSatisfy { !$0.isShadowed })
    }
}
