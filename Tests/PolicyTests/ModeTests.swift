import Detection
import Policy
import Testing
import Traffic

@Suite("Modes and groups")
struct ModeTests {
    private func scenario() throws -> Scenario {
        let servers = PolicyGroup(
            name: "servers", protects: [try Scenario.prefix("10.20.0.0/24")], mode: .enforce,
            settings: PolicySettings(banDuration: .seconds(60)))
        var scenario = Scenario()
        scenario.policy = Policy(settings: PolicySettings(), mode: .shadow, groups: [servers])
        return scenario
    }

    private func attack(from source: String, on victim: String) throws -> Verdict {
        try .of(source, target: Target(address: try #require(Address(victim)), protocol: .tcp, port: nil))
    }

    @Test("Attacks on a group follow its mode and its durations, others those of the rest")
    func groups() throws {
        var scenario = try scenario()
        scenario.decide(try attack(from: "192.0.2.7", on: "10.20.0.2"))
        scenario.decide(try attack(from: "192.0.2.8", on: "10.30.0.2"))
        let rules = scenario.policy.sanctions.sorted { $0.prefix < $1.prefix }
        #expect(rules.map(\.group) == ["servers", nil])
        #expect(rules.map(\.rule.isShadowed) == [false, true])
        #expect(rules[0].rule.lasts(.seconds(60), from: scenario.now))
        #expect(rules[1].rule.lasts(.seconds(600), from: scenario.now))
    }

    @Test("A source that was in shadow for attacking the rest is banned when it attacks the group")
    func hardens() throws {
        var scenario = try scenario()
        scenario.decide(try attack(from: "192.0.2.7", on: "10.30.0.2"))
        #expect(try scenario.automaticRule().isShadowed)
        scenario.decide(try attack(from: "192.0.2.7", on: "10.20.0.2"))
        #expect(try !scenario.automaticRule().isShadowed)
    }

    @Test("Changing a group's mode changes its rules, and no others; a name that is not there is refused")
    func changesGroup() throws {
        var scenario = try scenario()
        scenario.decide(try attack(from: "192.0.2.7", on: "10.20.0.2"))
        scenario.decide(try attack(from: "192.0.2.8", on: "10.30.0.2"))
        scenario.apply(try scenario.policy.changeMode(to: .shadow, of: "servers"))
        #expect(scenario.installed.values.allSatisfy { $0.isShadowed })
        scenario.apply(try scenario.policy.changeMode(to: .enforce, of: nil))
        let shadowed = scenario.installed.values.filter(\.isShadowed).map { "\($0.match.prefix)" }
        #expect(shadowed == ["192.0.2.7"])
        #expect(throws: Refusal.self) { try scenario.policy.changeMode(to: .learn, of: "sevrers") }
    }

    @Test("A mode set at run time is remembered until the configuration says another than then")
    func isRemembered() throws {
        var saved = SavedState()
        saved.modes = [
            SavedMode(group: nil, mode: .enforce, configured: .shadow),
            SavedMode(group: "servers", mode: .learn, configured: .limit),
        ]
        var scenario = try scenario()
        scenario.apply(scenario.policy.start(allowing: [], restoring: saved, at: scenario.now))
        #expect(scenario.policy.mode == .enforce)
        #expect(scenario.policy.mode(of: "servers") == .enforce, "the configuration has changed since")
    }
}
