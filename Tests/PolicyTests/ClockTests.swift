import Policy
import Testing
import Traffic

/// The data plane ends rules by a clock that nobody sets; the policy knows the wall clock only.
@Suite("A clock that is set")
struct ClockTests {
    static let steps: [Duration] = [.seconds(3600), .seconds(-3600), .seconds(86_400 * 365), .seconds(-10)]

    @Test(
        "Bans, limits and the allow-list keep the time they have left: no gap, and nothing outlives its time",
        arguments: steps)
    func keepsTime(_ step: Duration) throws {
        var scenario = Scenario(settings: PolicySettings(banDuration: .seconds(60)))
        scenario.decide(try .of("192.0.2.7"))
        try scenario.ban("192.0.2.8", for: .seconds(30))
        try scenario.ban("192.0.2.9")
        try scenario.allow("10.0.0.0/8", for: .seconds(30))
        let rule = try scenario.automaticRule()
        scenario.setClock(by: step)
        #expect(
            scenario.policy.sanctions.first { $0.rule.id == rule.id }?.rule.expires
                == rule.expires.map { $0 + step })
        scenario.wait(.seconds(28), step: .seconds(1))
        #expect(scenario.endings.isEmpty && scenario.installed.count == 4)
        scenario.wait(.seconds(4), step: .seconds(1))
        #expect(scenario.endings == [.expired] && scenario.policy.allowList.isEmpty)
        scenario.wait(.seconds(30), step: .seconds(1))
        #expect(scenario.policy.sanctions.map { "\($0.prefix)" } == ["192.0.2.9"])
        #expect(scenario.installed.count == 1)
    }

    @Test(
        "A source that had gone quiet is not held to be busy, and a repeat offender is not forgotten",
        arguments: steps)
    func keepsMemory(_ step: Duration) throws {
        let settings = PolicySettings(banDuration: .seconds(60), banMaximum: .seconds(600))
        var scenario = Scenario(settings: settings)
        scenario.decide(try .of("192.0.2.7"))
        let rule = try scenario.automaticRule()
        scenario.wait(.seconds(20), step: .seconds(1), hits: [rule.id])
        scenario.wait(.seconds(30), step: .seconds(1))
        scenario.setClock(by: step)
        scenario.wait(.seconds(20), step: .seconds(1))
        #expect(scenario.endings == [.expired])
        scenario.decide(try .of("192.0.2.7"))
        #expect(try scenario.automaticRule().lasts(.seconds(120), from: scenario.now))
    }

    @Test("What was unbanned by hand stays so for the time of a first ban, and no longer", arguments: steps)
    func keepsPardon(_ step: Duration) throws {
        var scenario = Scenario(settings: PolicySettings(banDuration: .seconds(60)))
        scenario.decide(try .of("192.0.2.7"))
        try scenario.unban("192.0.2.7")
        scenario.setClock(by: step)
        scenario.wait(.seconds(50), step: .seconds(1))
        scenario.decide(try .of("192.0.2.7"))
        #expect(scenario.installed.isEmpty)
        scenario.wait(.seconds(12), step: .seconds(1))
        scenario.decide(try .of("192.0.2.7"))
        #expect(scenario.installed.count == 1)
    }

    @Test("A change that waits to be confirmed has as much time left as before", arguments: steps)
    func keepsDeadline(_ step: Duration) throws {
        var scenario = Scenario()
        let prefix = try Scenario.prefix("192.0.2.7")
        try scenario.change(confirm: .seconds(60)) { try $0.ban(prefix, for: nil, reason: nil, at: $1).1 }
        try scenario.change(confirm: .seconds(60)) { policy, _ in try policy.changeMode(to: .shadow, of: nil)
        }
        scenario.wait(.seconds(30))
        scenario.setClock(by: step)
        #expect(
            scenario.policy.pending.map(\.deadline) == [
                scenario.now + .seconds(30), scenario.now + .seconds(30),
            ])
        scenario.wait(.seconds(28))
        #expect(scenario.policy.counts.bans == 1 && scenario.policy.mode == .shadow)
        scenario.wait(.seconds(4))
        #expect(scenario.policy.pending.isEmpty && scenario.policy.mode == .enforce)
        #expect(scenario.endings == [.unconfirmed] && scenario.installed.isEmpty)
    }

    @Test("What a pending change lifted comes back with the time that it had left", arguments: steps)
    func keepsLifted(_ step: Duration) throws {
        var scenario = Scenario(settings: PolicySettings(banDuration: .seconds(600)))
        scenario.decide(try .of("192.0.2.7"))
        let (prefix, rule) = (try Scenario.prefix("192.0.2.7"), try scenario.automaticRule())
        try scenario.change(confirm: .seconds(60)) { try $0.unban(prefix, at: $1).1 }
        scenario.setClock(by: step)
        scenario.wait(.seconds(61))
        #expect(try scenario.automaticRule().expires == rule.expires.map { $0 + step })
    }
}
