import Detection
import Features
import Policy
import Testing
import Traffic

@Suite("What the machine needs")
struct ProtectionTests {
    private func protected(_ address: String, isVital: Bool = false) throws -> ProtectedPrefix {
        ProtectedPrefix(prefix: try Scenario.prefix(address), reason: "gateway of eth0", isVital: isVital)
    }

    private func passing(_ scenario: Scenario) -> [String] {
        scenario.installed.values.filter { $0.action == .allow }.map { "\($0.match.prefix)" }.sorted()
    }

    @Test(
        "Nothing passes for being protected: whoever forges a gateway's, resolver's or operator's name is dropped",
        arguments: [("192.168.1.1", "10.20.0.2"), ("2001:db8::1", "2001:db8:20::2")])
    func passesNothing(_ name: String, _ victim: String) throws {
        var scenario = Scenario()
        let list = [try protected(name), try protected("192.168.1.2", isVital: true)]
        scenario.apply(scenario.policy.protect(list, at: scenario.now))
        #expect(scenario.installed.isEmpty)
        let address = try #require(Address(victim))
        let target = Target(address: address, protocol: .udp, port: 53)
        // Neither is a rule made in that name, but the one on what is attacked counts its packets like all others.
        scenario.decide(
            try .of(name, target: target, isTwoWay: false),
            try .of(victim, view: .destination, target: target))
        #expect(
            scenario.installed.values.map(\.match) == [
                .scope(Rule.Scope(destination: address, protocol: .udp, port: 53))
            ])
        try scenario.allow(name)
        #expect(passing(scenario) == [name])
        scenario.apply(try scenario.policy.disallow(try Scenario.prefix(name)).1)
        #expect(passing(scenario).isEmpty)
    }

    @Test("An operator who logs in is lifted out of automatic bans at once; what others banned by hand stays")
    func lifts() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"))
        try scenario.ban("192.0.2.0/24")
        scenario.apply(scenario.policy.protect([try protected("192.0.2.7")], at: scenario.now))
        #expect(scenario.endings == [.protected])
        #expect(scenario.installed.values.map { "\($0.match.prefix)" } == ["192.0.2.0/24"])
        scenario.apply(
            scenario.policy.protect([try protected("192.0.2.7", isVital: true)], at: scenario.now))
        #expect(scenario.installed.isEmpty, "an address that is ours now")
    }

    @Test("What is protected is banned by hand for whoever insists, what is vital never is")
    func insists() throws {
        var scenario = Scenario()
        let list = [
            try protected("192.0.2.7"), try protected("2001:db8:1::7"),
            try protected("192.168.1.1", isVital: true), try protected("192.168.1.1"),
        ]
        scenario.apply(scenario.policy.protect(list, at: scenario.now))
        for name in ["192.0.2.7", "192.0.2.0/24", "2001:db8:1::/64"] {
            let prefix = try Scenario.prefix(name)
            let refusal = #expect(throws: Refusal.self) { try scenario.ban(name) }
            #expect(refusal?.kind == .protected && refusal?.hint?.contains("--force") == true)
            scenario.apply(
                try scenario.policy.ban(prefix, for: nil, reason: nil, insists: true, at: scenario.now).1)
            #expect(scenario.installed.values.contains { $0.match == .source(prefix) })
        }
        for name in ["192.168.1.1", "192.168.0.0/16", "127.0.0.1", "224.0.0.5", "::1", "ff02::1"] {
            let prefix = try Scenario.prefix(name)
            let refusal = #expect(throws: Refusal.self) {
                try scenario.policy.ban(prefix, for: nil, reason: nil, insists: true, at: scenario.now)
            }
            #expect(refusal?.kind == .protected && refusal?.hint?.contains("--force") != true, "\(name)")
        }
        // It goes on when the operator is found anew, and over a restart; automatic rules are not made even so.
        scenario.apply(scenario.policy.protect(Array(list.dropFirst()), at: scenario.now))
        scenario.apply(scenario.policy.protect(list, at: scenario.now))
        #expect(scenario.installed.count == 3)
        var saved = SavedState()
        saved.sanctions = scenario.policy.sanctions
        var second = Scenario(protected: list)
        second.apply(second.policy.start(allowing: [], restoring: saved, at: second.now))
        #expect(second.installed.count == 3 && second.endings.isEmpty)
    }

    @Test("What an operator protects by name is not banned, by nobody, until it is taken off again")
    func isNamed() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"), try .of("2001:db8:1::/64"))
        for (named, banned) in [("192.0.2.0/24", "192.0.2.7"), ("2001:db8:1::7", "2001:db8:1::/64")] {
            let (entry, lifted, changes) = try scenario.policy.protect(
                try Scenario.prefix(named), reason: "monitor", at: scenario.now)
            scenario.apply(changes)
            #expect(
                lifted.map { "\($0.prefix)" } == [banned] && entry.reason == "protected by hand (monitor)")
            let alerts = scenario.alerts.count
            scenario.now = scenario.now + .seconds(61)
            scenario.decide(try .of(banned))
            #expect(scenario.alerts.count == alerts + 1)
            #expect(scenario.alerts.last?.note?.contains("protected by hand (monitor)") == true)
            #expect(throws: Refusal.self) { try scenario.ban(banned) }
            scenario.apply(try scenario.policy.unprotect(try Scenario.prefix(named)).1)
            try scenario.ban(banned)
        }
        // Nothing passes for it: that is what the allow-list is for.
        #expect(passing(scenario).isEmpty)
    }

    @Test("What the agent finds anew does not take away what was named, and cannot be taken off by name")
    func keepsNamed() throws {
        var scenario = Scenario()
        scenario.apply(scenario.policy.protect([try protected("192.168.1.1")], at: scenario.now))
        let named = try Scenario.prefix("192.0.2.7")
        scenario.apply(try scenario.policy.protect(named, reason: nil, at: scenario.now).2)
        scenario.apply(scenario.policy.protect([], at: scenario.now))
        #expect(scenario.policy.protected.map(\.prefix) == [named])
        scenario.apply(scenario.policy.protect([try protected("192.168.1.1")], at: scenario.now))
        let found = try Scenario.prefix("192.168.1.1")
        #expect(#expect(throws: Refusal.self) { try scenario.policy.unprotect(found) }?.kind == .protected)
        let nobody = try Scenario.prefix("192.0.2.8")
        #expect(#expect(throws: Refusal.self) { try scenario.policy.unprotect(nobody) }?.kind == .notFound)
    }

    @Test(
        "What contradicts a ban by hand, or would protect half the Internet, is refused",
        arguments: [
            ("192.0.2.7", Refusal.Kind.banned), ("192.0.0.0/16", .banned), ("0.0.0.0/0", .tooWide),
            ("2000::/3", .tooWide),
        ])
    func refuses(_ prefix: String, _ kind: Refusal.Kind) throws {
        var scenario = Scenario()
        try scenario.ban("192.0.2.0/24")
        let wanted = try Scenario.prefix(prefix)
        let error = #expect(throws: Refusal.self) {
            try scenario.policy.protect(wanted, reason: nil, at: scenario.now)
        }
        #expect(error?.kind == kind)
    }
}
