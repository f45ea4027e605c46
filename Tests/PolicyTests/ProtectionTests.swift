import Detection
import Policy
import Testing
import Traffic

@Suite("What the machine needs")
struct ProtectionTests {
    private func protected(_ address: String, passes: Bool = true) throws -> ProtectedPrefix {
        ProtectedPrefix(prefix: try Scenario.prefix(address), reason: "gateway of eth0", passes: passes)
    }

    private func passing(_ scenario: Scenario) -> [String] {
        scenario.installed.values.filter { $0.action == .allow }.map { "\($0.match.prefix)" }.sorted()
    }

    @Test("Gateways and operators pass in the data plane too; the machine's own addresses need not")
    func passes() throws {
        var scenario = Scenario()
        let list = [
            try protected("192.168.1.1"), try protected("2001:db8::1"),
            try protected("192.168.1.2", passes: false), try protected("10.0.0.0/8"),
        ]
        scenario.apply(scenario.policy.protect(list, at: scenario.now))
        #expect(passing(scenario) == ["192.168.1.1", "2001:db8::1"])
        scenario.apply(scenario.policy.protect([list[1]], at: scenario.now))
        #expect(passing(scenario) == ["2001:db8::1"])
    }

    @Test("An allow-list entry for the same address comes and goes without taking the protection along")
    func meetsAllowList() throws {
        var scenario = Scenario()
        try scenario.allow("192.168.1.1")
        scenario.apply(scenario.policy.protect([try protected("192.168.1.1")], at: scenario.now))
        #expect(passing(scenario) == ["192.168.1.1"])
        let (_, changes) = try scenario.policy.disallow(try Scenario.prefix("192.168.1.1"))
        scenario.apply(changes)
        #expect(passing(scenario) == ["192.168.1.1"])
        scenario.apply(scenario.policy.protect([], at: scenario.now))
        #expect(passing(scenario).isEmpty)
    }

    @Test("An operator who logs in is lifted out of a ban at once, and cannot be banned by mistake")
    func lifts() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"))
        try scenario.ban("192.0.2.0/24")
        scenario.apply(scenario.policy.protect([try protected("192.0.2.7")], at: scenario.now))
        #expect(scenario.endings == [.protected, .protected])
        #expect(throws: Refusal.self) { try scenario.ban("192.0.2.0/24") }
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
