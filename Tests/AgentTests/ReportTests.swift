import API
import Agent
import Detection
import Features
import Policy
import Testing
import Traffic

@Suite("What the agent says about an address")
struct ReportTests {
    private let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

    private func explanation(of text: String, _ policy: Policy) throws -> Explanation {
        let address = try #require(Address(text))
        let treatment = policy.treatment(of: address)
        return Explanation(of: address, treatment: treatment, cause: nil, current: nil, alerts: [])
    }

    private func verdict(_ source: String) throws -> Verdict {
        Verdict(
            time: now, entity: Entity(view: .source, prefix: try #require(Prefix(source))), score: 2,
            threshold: 1,
            tier: .block, reason: "volume", summary: "many packets", features: [], model: "m", target: nil,
            isTwoWay: true)
    }

    @Test(
        "Rules that keep a source from one service are found by the source; a limit on a service is on none")
    func filters() throws {
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        let target = Target(address: try #require(Address("10.20.0.2")), protocol: .udp, port: 53)
        for (source, view, isTwoWay) in [
            ("192.0.2.7", Entity.View.source, false), ("192.0.2.8", .source, true),
            ("10.20.0.2", .destination, false), ("2001:db8:1::/64", .source, false),
        ] {
            var verdict = try verdict(source)
            verdict.entity = Entity(view: view, prefix: verdict.entity.prefix)
            (verdict.target, verdict.isTwoWay) = (target, isTwoWay)
            if source.contains(":") { verdict.target?.address = try #require(Address("2001:db8:20::2")) }
            _ = policy.decide([verdict], at: now)
        }
        func found(_ source: String) -> [String] {
            BanQuery(source: Prefix(source), order: .prefix).select(policy.sanctions).map {
                BanReport($0).spokenSubject
            }
        }
        #expect(found("192.0.2.7") == ["192.0.2.7 to 10.20.0.2 udp port 53"])
        #expect(found("192.0.2.0/24") == ["192.0.2.7 to 10.20.0.2 udp port 53", "192.0.2.8"])
        #expect(found("2001:db8:1::5") == ["2001:db8:1::/64 to 2001:db8:20::2 udp port 53"])
        #expect(found("10.20.0.2").isEmpty)
    }

    @Test("A rule that there is no room for is said to be in force nowhere")
    func lacksRoom() throws {
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        var scoped = try verdict("192.0.2.8")
        scoped.isTwoWay = false
        scoped.target = Target(address: try #require(Address("10.20.0.2")), protocol: .udp, port: 53)
        _ = policy.decide([try verdict("192.0.2.7"), scoped], at: now)
        #expect(try explanation(of: "192.0.2.7", policy).state == .blocked)
        #expect(try explanation(of: "192.0.2.8", policy).state == .restricted)
        let rules = policy.sanctions.map(\.rule)
        policy.note(rules, refused: Set(rules.map(\.id)))
        for source in ["192.0.2.7", "192.0.2.8"] {
            let told = try explanation(of: source, policy)
            #expect(told.state == .passing && told.rule == nil)
            #expect(
                told.summary
                    == "Packets from \(source) pass: the rule on it is not in force, because there is no room for it."
            )
            #expect((told.overridden + told.partial).map(\.lacksRoom) == [true])
        }
        policy.note(rules, refused: [])
        #expect(try explanation(of: "192.0.2.7", policy).rule?.lacksRoom == nil)
    }

    @Test("The allow-list is above a ban, which is told as overridden")
    func tellsPrecedence() throws {
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        _ = try policy.ban(try #require(Prefix("192.0.2.0/24")), for: nil, reason: nil, at: now)
        _ = try policy.allow(try #require(Prefix("192.0.2.7")), for: nil, reason: nil, at: now)
        let allowed = try explanation(of: "192.0.2.7", policy)
        #expect(allowed.state == .allowed && allowed.rule == nil && allowed.overridden.count == 1)
        #expect(allowed.summary.hasPrefix("Packets from 192.0.2.7 pass: the allow-list has it (192.0.2.7)"))
        let blocked = try explanation(of: "192.0.2.8", policy)
        #expect(blocked.state == .blocked && blocked.rule?.origin == .manual)
        #expect(
            blocked.summary
                == "Packets from 192.0.2.8 are dropped: it was banned by hand with all of 192.0.2.0/24.")
    }

    static let modes: [(Mode, Explanation.State, String)] = [
        (.enforce, .blocked, "are dropped: it was banned automatically."),
        (.limit, .limited, "are dropped beyond a rate: it was limited automatically."),
        (.shadow, .shadowed, "pass, but would be dropped if the agent did not only shadow."),
        (.learn, .passing, "pass: no rule matches."),
    ]

    @Test("Each mode has its words", arguments: modes)
    func tellsMode(_ mode: Mode, _ state: Explanation.State, _ words: String) throws {
        var policy = Policy(settings: PolicySettings(), mode: mode)
        _ = policy.decide([try verdict("2001:db8::7")], at: now)
        let answer = try explanation(of: "2001:db8::7", policy)
        #expect(answer.state == state)
        #expect(answer.summary == "Packets from 2001:db8::7 \(words)")
    }

    @Test("A rule that is enforced decides before one that is shadowed")
    func enforcedFirst() throws {
        var policy = Policy(settings: PolicySettings(), mode: .shadow)
        _ = policy.decide([try verdict("192.0.2.7")], at: now)
        _ = try policy.ban(try #require(Prefix("192.0.2.0/24")), for: nil, reason: nil, at: now)
        let answer = try explanation(of: "192.0.2.7", policy)
        #expect(answer.state == .blocked && answer.rule?.origin == .manual)
        #expect(answer.overridden.map(\.isShadowed) == [true])
    }

    @Test("What is protected is told as such")
    func tellsProtection() throws {
        let policy = Policy(settings: PolicySettings(), mode: .enforce)
        let answer = try explanation(of: "127.0.0.1", policy)
        #expect(answer.protectedAs == "loopback")
        #expect(
            answer.summary.hasSuffix("no rule matches. Sluice makes no rule on it: 127.0.0.0/8 is loopback."))
    }
}
