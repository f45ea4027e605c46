import Detection
import Policy
import Testing
import Traffic

@Suite("Modes and groups")
struct ModeTests {
    private static func servers(
        _ mode: Mode = .enforce, banDuration: Duration = .seconds(60)
    ) throws -> PolicyGroup {
        let networks = ["10.20.0.0/24", "2001:db8:20::/64"]
        return PolicyGroup(
            TrafficGroup(name: "servers", protects: try networks.map(Scenario.prefix)), mode: mode,
            settings: PolicySettings(banDuration: banDuration))
    }

    private func scenario() throws -> Scenario {
        var scenario = Scenario()
        scenario.policy = Policy(settings: PolicySettings(), mode: .shadow, groups: [try Self.servers()])
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

    @Test("Both families are in a group, and it has its own widths")
    func families() throws {
        var group = try Self.servers()
        group.settings.widestIPv6 = 56
        var scenario = Scenario()
        scenario.policy = Policy(settings: PolicySettings(), mode: .learn, groups: [group])
        for subnet in 0..<4 {
            for host in 0..<4 {
                scenario.decide(try attack(from: "2a00:0:0:\(subnet)0\(host)::/64", on: "2001:db8:20::2"))
            }
        }
        #expect(scenario.policy.sanctions.filter { $0.group == "servers" }.count == scenario.installed.count)
        #expect(Set(scenario.installed.values.map(\.match.prefix.length)) == [64, 56])
        scenario.decide(try attack(from: "2a00:1::/64", on: "2001:db8:21::2"))
        #expect(scenario.installed.values.allSatisfy { "\($0.match.prefix)" != "2a00:1::/64" })
    }

    @Test("What arrives by an interface or on a side is told by the way back to its source")
    func interfaces() throws {
        var scenario = Scenario()
        let guests = PolicyGroup(
            TrafficGroup(name: "guests", interfaces: ["wlan0"]), mode: .enforce, settings: PolicySettings())
        scenario.policy = Policy(settings: PolicySettings(), mode: .shadow, groups: [guests])
        scenario.decide(try attack(from: "10.9.0.7", on: "198.51.100.7"))
        #expect(try scenario.automaticRule().isShadowed, "no route is known yet")
        scenario.policy.route(
            Routes(
                [try Scenario.prefix("10.9.0.0/16"): "wlan0", try Scenario.prefix("fd09::/16"): "wlan0"],
                roles: [:], guarded: ["wlan0", "eth0"]))
        scenario.decide(try attack(from: "fd09::/64", on: "2001:db8::7"))
        #expect(
            scenario.installed.values.filter { !$0.isShadowed }.map { "\($0.match.prefix)" } == ["fd09::/64"])
    }

    @Test(
        "A reload swaps all groups at once: rules follow their group's mode, or the rest's where it is gone")
    func reload() throws {
        var scenario = try scenario()
        scenario.decide(try attack(from: "192.0.2.7", on: "10.20.0.2"))
        func reconfigure(_ groups: [PolicyGroup], mode: Mode = .shadow) {
            scenario.apply(
                scenario.policy.reconfigure(
                    PolicySettings(), mode: mode, groups: groups, allowing: [], at: scenario.now))
        }
        reconfigure([try Self.servers(banDuration: .seconds(90))])
        #expect(try !scenario.automaticRule().isShadowed)
        scenario.decide(try attack(from: "192.0.2.8", on: "10.20.0.2"))
        let second = try #require(scenario.installed.values.first { "\($0.match.prefix)" == "192.0.2.8" })
        #expect(second.lasts(.seconds(90), from: scenario.now))
        // By hand, until the configuration says another mode.
        scenario.apply(try scenario.policy.changeMode(to: .shadow, of: "servers"))
        reconfigure([try Self.servers(banDuration: .seconds(30))])
        #expect(scenario.policy.mode(of: "servers") == .shadow)
        reconfigure([try Self.servers(.limit)])
        #expect(scenario.policy.mode(of: "servers") == .limit)
        #expect(scenario.installed.values.allSatisfy { !$0.isShadowed })
        reconfigure([])
        #expect(scenario.installed.values.allSatisfy { $0.isShadowed })
        reconfigure([], mode: .enforce)
        #expect(scenario.installed.values.allSatisfy { !$0.isShadowed })
        #expect(throws: Refusal.self) { try scenario.policy.changeMode(to: .learn, of: "servers") }
    }

    @Test("A breaker that has tripped holds for a group that a reload adds")
    func tripped() throws {
        var scenario = Scenario()
        scenario.policy = Policy(
            settings: PolicySettings(), mode: .enforce, breakers: BreakerSettings(bansPerMinute: 2))
        try scenario.meet(["172.16.0.1"], for: .seconds(620), step: .seconds(10))
        for host in 1...3 { scenario.decide(try .of("192.0.\(host).7")) }
        #expect(scenario.policy.trip != nil)
        scenario.apply(
            scenario.policy.reconfigure(
                PolicySettings(), mode: .enforce, groups: [try Self.servers()], allowing: [],
                at: scenario.now))
        #expect(scenario.policy.mode(of: "servers") == .enforce)
        scenario.decide(try attack(from: "172.16.0.1", on: "10.20.0.2"))
        scenario.decide(try attack(from: "172.16.9.1", on: "10.20.0.2"))
        let rules = scenario.installed.values.sorted { $0.id < $1.id }.suffix(2)
        #expect(rules.map(\.match.prefix.description) == ["172.16.0.1", "172.16.9.1"])
        #expect(rules.map(\.isShadowed) == [true, false])
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
