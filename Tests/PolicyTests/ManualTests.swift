import Detection
import Policy
import Testing
import Traffic

@Suite("What operators ask for")
struct ManualTests {
    @Test("A ban by hand is enforced in every mode, and lasts until it is lifted", arguments: Mode.allCases)
    func bans(_ mode: Mode) throws {
        var scenario = Scenario(mode: mode)
        try scenario.ban("192.0.2.0/24")
        scenario.wait(.seconds(3 * 86400), step: .seconds(600))
        let rule = try #require(scenario.installed.values.first)
        #expect(rule.origin == .manual && rule.action == .deny && !rule.isShadowed && rule.expires == nil)
        try scenario.unban("192.0.2.0/24")
        #expect(scenario.installed.isEmpty && scenario.endings == [.lifted])
    }

    @Test("A ban by hand with a duration ends then, although its source goes on")
    func banEnds() throws {
        var scenario = Scenario()
        try scenario.ban("2001:db8::7", for: .seconds(30))
        let id = try #require(scenario.installed.keys.first)
        scenario.wait(.seconds(31), hits: [id])
        #expect(scenario.installed.isEmpty && scenario.endings == [.expired])
    }

    @Test("Banning again by hand replaces the time and keeps rule and counters")
    func bansAgain() throws {
        var scenario = Scenario()
        try scenario.ban("192.0.2.7", for: .seconds(30))
        let id = try #require(scenario.installed.keys.first)
        scenario.wait(.seconds(10), hits: [id])
        try scenario.ban("192.0.2.7", for: .seconds(60))
        #expect(
            scenario.installed.count == 1 && scenario.installed[id]?.expires == scenario.now + .seconds(60))
        #expect(scenario.policy.sanctions.first?.dropped.packets == 50)
    }

    @Test(
        "Of two bans by hand of a prefix the one that ends later holds, until it is lifted",
        arguments: [(nil, 10), (7200, 3600), (60, 60)] as [(Int?, Int)])
    func holdsLonger(first: Int?, second: Int) throws {
        var scenario = Scenario()
        try scenario.ban("192.0.2.7", for: first.map { .seconds($0) })
        let before = scenario.installed
        try scenario.ban("192.0.2.7", for: .seconds(second))
        #expect(scenario.installed == before)
        if let first {
            scenario.wait(.seconds(first + 1))
            #expect(scenario.installed.isEmpty)
        } else {
            scenario.wait(.seconds(second + 1))
            #expect(scenario.installed == before)
            try scenario.unban("192.0.2.7")
            try scenario.ban("192.0.2.7", for: .seconds(second))
            #expect(scenario.installed.values.first?.expires == scenario.now + .seconds(second))
        }
    }

    static let refused: [(String, Refusal.Kind)] = [
        ("0.0.0.0/0", .tooWide), ("::/0", .tooWide), ("192.168.0.0/16", .protected),
        ("192.168.1.1", .protected),
        ("127.0.0.1", .protected), ("8.0.0.0/7", .tooWide), ("2000::/3", .tooWide), ("fe80::/10", .tooWide),
        ("10.0.0.9", .allowed),
    ]

    @Test(
        "A ban by hand of what is protected, too wide or allowed is refused with the reason",
        arguments: refused)
    func refuses(_ prefix: String, _ kind: Refusal.Kind) throws {
        var scenario = Scenario(protected: [
            ProtectedPrefix(prefix: try Scenario.prefix("192.168.1.1"), reason: "gateway of eth0")
        ])
        try scenario.allow("10.0.0.0/24")
        let before = scenario.installed
        let error = #expect(throws: Refusal.self) { try scenario.ban(prefix) }
        #expect(error?.kind == kind)
        #expect(scenario.installed == before)
    }

    @Test("A duration of nothing, or beyond ten years, is refused", arguments: [0, -5, 400_000_000])
    func refusesDuration(_ seconds: Int) throws {
        var scenario = Scenario()
        let error = #expect(throws: Refusal.self) { try scenario.ban("192.0.2.7", for: .seconds(seconds)) }
        #expect(error?.kind == .invalidDuration)
    }

    @Test("Unbanning what is not banned says so, and names the wider ban if there is one")
    func unbansNothing() throws {
        var scenario = Scenario()
        try scenario.ban("192.0.2.0/24")
        let error = #expect(throws: Refusal.self) { try scenario.unban("192.0.2.7") }
        #expect(error?.kind == .notFound)
        #expect(error?.hint?.hasPrefix("192.0.2.0/24 is, which contains it") == true)
    }

    @Test("What an operator unbanned is not banned again at once, but after the time of a first ban")
    func pardons() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"))
        try scenario.unban("192.0.2.7")
        scenario.decide(try .of("192.0.2.7"))
        #expect(scenario.installed.isEmpty)
        #expect(scenario.alerts.last?.note == "192.0.2.7 was unbanned by hand a short time ago")
        scenario.wait(.seconds(601), step: .seconds(1))
        scenario.decide(try .of("192.0.2.7"))
        #expect(try scenario.automaticRule().lasts(.seconds(600), from: scenario.now))
    }

    @Test("Adding to the allow-list lifts what it covers at once, whoever made it")
    func allowLifts() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"), try .of("2001:db8:1:2::/64"))
        try scenario.ban("192.0.2.8")
        try scenario.ban("198.51.100.1")
        try scenario.allow("192.0.2.0/24")
        #expect(
            scenario.policy.sanctions.map { "\($0.prefix)" }.sorted() == [
                "198.51.100.1", "2001:db8:1:2::/64",
            ])
        #expect(scenario.endings == [.allowed, .allowed])
        try scenario.allow("2001:db8:1:2::99")
        #expect(scenario.policy.sanctions.map { "\($0.prefix)" } == ["198.51.100.1"])
    }

    @Test("An allowed address stands out of a wider ban by hand, which stays")
    func allowWithinBan() throws {
        var scenario = Scenario()
        try scenario.ban("192.0.2.0/24")
        try scenario.allow("192.0.2.7")
        #expect(scenario.policy.counts.bans == 1)
        let treatment = scenario.policy.treatment(of: try #require(Address("192.0.2.7")))
        #expect(treatment.allowedBy?.prefix == (try Scenario.prefix("192.0.2.7")))
        #expect(treatment.sanctions.map { "\($0.prefix)" } == ["192.0.2.0/24"])
    }

    @Test("An allow-list entry with a duration ends then")
    func allowEnds() throws {
        var scenario = Scenario()
        try scenario.allow("192.0.2.7", for: .seconds(30))
        scenario.wait(.seconds(29))
        #expect(scenario.policy.allowList.count == 1)
        scenario.wait(.seconds(2))
        #expect(scenario.policy.allowList.isEmpty && scenario.installed.isEmpty)
    }

    @Test("Entries of the configuration and protected addresses cannot be taken off the allow-list")
    func disallows() throws {
        var scenario = Scenario()
        scenario.apply(
            scenario.policy.start(
                allowing: [try Scenario.prefix("10.0.0.0/8")], restoring: SavedState(), at: scenario.now))
        try scenario.allow("192.0.2.7")
        for (text, kind) in [
            ("10.0.0.0/8", Refusal.Kind.configured), ("127.0.0.0/8", .protected), ("192.0.2.8", .notFound),
        ] {
            let prefix = try Scenario.prefix(text)
            let error = #expect(throws: Refusal.self) { try scenario.policy.disallow(prefix) }
            #expect(error?.kind == kind)
        }
        scenario.apply(try scenario.policy.disallow(try Scenario.prefix("192.0.2.7")).1)
        #expect(scenario.installed.values.map(\.match) == [.source(try Scenario.prefix("10.0.0.0/8"))])
    }

    @Test(
        "What would switch everything off is allowed only to whoever insists",
        arguments: ["0.0.0.0/0", "128.0.0.0/1", "10.0.0.0/7", "::/0", "2000::/3"])
    func allowsWidely(_ text: String) throws {
        var scenario = Scenario()
        let prefix = try Scenario.prefix(text)
        let refusal = #expect(throws: Refusal.self) { try scenario.allow(text) }
        #expect(refusal?.kind == .tooWide && refusal?.hint?.contains("--force") == true)
        #expect(scenario.policy.allowList.isEmpty)
        scenario.apply(
            try scenario.policy.allow(prefix, for: nil, reason: nil, insists: true, at: scenario.now).2)
        #expect(scenario.policy.allowList.map(\.prefix) == [prefix])
        try scenario.allow("10.0.0.0/8")
        try scenario.allow("2001::/16")
    }

    @Test("An address that the machine gets later is freed at once")
    func protects() throws {
        var scenario = Scenario()
        scenario.decide(try .of("192.0.2.7"))
        try scenario.ban("192.0.2.0/24")
        let gateway = ProtectedPrefix(
            prefix: try Scenario.prefix("192.0.2.7"), reason: "gateway of eth0", isVital: true)
        scenario.apply(scenario.policy.protect([gateway], at: scenario.now))
        #expect(scenario.installed.isEmpty)
        #expect(scenario.endings == [.protected, .protected])
    }

    @Test(
        "Rules on an address are told in order of precedence: by hand, automatic, limit; narrow before wide")
    func tellsPrecedence() throws {
        var scenario = Scenario(mode: .limit)
        scenario.decide(try .of("192.0.2.7"))
        scenario.apply(scenario.policy.setMode(.enforce))
        scenario.decide(try .of("192.0.2.7"))
        try scenario.ban("192.0.2.0/24")
        try scenario.ban("192.0.2.0/28")
        let treatment = scenario.policy.treatment(of: try #require(Address("192.0.2.7")))
        #expect(
            treatment.sanctions.map { "\($0.prefix) \($0.rule.origin) \($0.isLimit)" } == [
                "192.0.2.0/28 manual false", "192.0.2.0/24 manual false", "192.0.2.7 automatic false",
                "192.0.2.7 automatic true",
            ])
    }
}
