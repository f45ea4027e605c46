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
}
