import Detection
import Features
import Foundation
import Policy
import Testing
import Traffic

@testable import Store

@Suite("The store")
struct StoreTests {
    let folder: TemporaryFolder
    let path: String
    let now = Timestamp(nanoseconds: 1_700_000_000_123_456_789)

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("state/sluice.db")
    }

    @Test(
        "Settled, all that was written stands in the one file; somebody who reads meanwhile keeps nobody from it"
    )
    func settles() throws {
        let store = try Store(path: path)
        try store.note("start", "agent", by: "agent", at: now)
        func copy() throws -> [String] {
            let copied = folder.file("copy-\(UUID()).db")
            try FileManager.default.copyItem(atPath: path, toPath: copied)
            return try Store(path: copied).auditTrail(limit: 9).map(\.verb)
        }
        #expect(try copy().isEmpty, "else this test shows nothing")
        try store.settle()
        #expect(try copy() == ["start"])
        try store.note("mode", "agent", by: "agent", at: now)
        try store.readBeside { _ in
            try? store.note("stop", "agent", by: "agent", at: now)
            try store.settle()
        }
        try store.settle()
        #expect(try copy() == ["stop", "mode", "start"])
    }

    @Test("Of what is only counted the rules are kept as long as they are in force, and no alert and no line")
    func counts() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        func verdict(_ source: String) throws -> Verdict {
            Verdict(
                time: now, entity: Entity(view: .source, prefix: try #require(Prefix(source))), score: 2,
                threshold: 1, tier: .block, reason: "scan", summary: "many ports", features: [], model: "m",
                target: nil, isTwoWay: true)
        }
        let told = policy.decide([try verdict("192.0.2.7")], at: now)
        let counted = policy.decide([try verdict("2001:db8:1::/64")], at: now)
        try store.save(told.events, counted: counted.events, by: "agent", at: now)
        func saved() throws -> [Rule] {
            try store.savedState(at: now, memory: .seconds(9)).sanctions.map(\.rule)
        }
        #expect(try saved() == [told, counted].flatMap(\.install))
        #expect(try store.alertCount() == 1 && store.auditTrail(limit: 9).map(\.subject) == ["192.0.2.7"])
        let shadowed = policy.setMode(.shadow)
        try store.save([], counted: shadowed.events, by: "agent", at: now)
        #expect(try saved().map(\.isShadowed) == [true, true])
        let later = now + .seconds(601)
        let ended = policy.tick(at: later, counters: [])
        try store.save([], counted: ended.events, by: "agent", at: later)
        #expect(try saved().isEmpty && store.auditTrail(limit: 9).count == 1)
        try store.save(
            [.summed(Digest.Sum(kind: .ban, reason: "scan", service: nil, count: 7))], by: "agent", at: later)
        let line = try #require(try store.auditTrail(verb: "ban", limit: 1).first)
        #expect(line.subject == "agent" && line.detail.contains(#""count":7"#))
        #expect(line.detail.contains("7 more: scan, within a minute"))
    }

    @Test("What a policy did is there again after a restart, in every detail")
    func restores() throws {
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        policy.configuration = "0a1b"
        let victim = try #require(Address("2001:db8::5"))
        var events = policy.decide(
            [
                try verdict("192.0.2.7"), try verdict("2001:db8:1:2::/64"),
                try verdict(
                    "2001:db8::5", view: .destination,
                    target: Target(address: victim, protocol: .udp, port: 53)),
                try verdict("198.51.100.1", tier: .alert),
            ], at: now
        ).events
        events += try policy.ban(try prefix("203.0.113.0/24"), for: nil, reason: "abuse", at: now).1.events
        events += try policy.allow(try prefix("10.0.0.0/8"), for: .seconds(60), reason: "office", at: now).2
            .events
        do {
            let store = try Store(path: path)
            try store.save(events, by: "agent", at: now)
        }
        let store = try Store(path: path)
        let saved = try store.savedState(at: now, memory: .seconds(86400))
        #expect(Set(saved.sanctions) == Set(policy.sanctions))
        #expect(saved.allowed == policy.allowList)
        #expect(saved.lastRuleID == policy.rules.map(\.id).max())
        #expect(saved.lastAlertID == 4)
        let alerts = events.compactMap { if case .alert(let alert) = $0 { alert } else { nil } }
        #expect(try store.alerts(since: nil, limit: 100) == alerts.reversed())
        #expect(try store.alert(id: 2) == alerts[1])
        #expect(try store.alertCount() == 4)
    }

    @Test(
        "What waits to be confirmed is there after a restart, step by step, until it is confirmed or undone")
    func keepsPending() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(), mode: .shadow)
        let prefixes = try ["192.0.2.7", "2001:db8::/64", "10.0.0.0/8", "198.51.100.7"].map(prefix)
        let first = try policy.ban(prefixes[3], for: .seconds(90), reason: "late", at: now).1.events
        let second = try policy.allow(prefixes[2], for: nil, reason: "office", at: now).2.events
        try store.save(first + second, by: "agent", at: now)
        let changes: [(inout Policy) throws -> Changes] = [
            { try $0.ban(prefixes[0], for: nil, reason: nil, at: now).1 },
            { try $0.allow(prefixes[1], for: .seconds(600), reason: "x", at: now).2 },
            { try $0.unban(prefixes[3], at: now).1 },
            { try $0.disallow(prefixes[2]).1 },
            { try $0.changeMode(to: .enforce, of: nil) },
        ]
        for change in changes {
            let before = policy
            var made = try change(&policy)
            try policy.awaitConfirmation(of: &made, since: before, within: .seconds(60), at: now)
            try store.save(made.events, by: "alice", at: now)
        }
        let saved = try Store(path: path).savedState(at: now, memory: .seconds(60))
        #expect(saved.pending == policy.pending && saved.pending.count == 5 && saved.lastPendingID == 5)
        try store.save(try policy.confirm([2, 4], at: now).1.events, by: "alice", at: now)
        try store.save(try policy.changeMode(to: .limit, of: nil).events, by: "bob", at: now)
        let later = now + .seconds(61)
        #expect(try store.savedState(at: now, memory: .seconds(60)).pending.map(\.id) == [1, 3])
        try store.save(policy.tick(at: later, counters: []).events, by: "agent", at: later)
        let left = try store.savedState(at: later, memory: .seconds(60))
        #expect(left.pending.isEmpty && left.sanctions.map(\.prefix) == [prefixes[3]])
        #expect(left.allowed.map(\.prefix) == [prefixes[1]])
        let lines = try store.auditTrail(limit: 100)
        for (verb, who) in [
            ("await", "alice"), ("confirm", "alice"), ("undo", "agent"), ("supersede", "bob"),
        ] {
            #expect(lines.contains { $0.verb == verb && $0.who == who && $0.subject.hasPrefix("change ") })
        }
    }

    @Test("What is protected by name is there after a restart, until it is taken off")
    func keepsProtected() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        for (text, reason) in [("192.0.2.0/24", "us"), ("2001:db8::7", nil)] {
            let changes = try policy.protect(try prefix(text), reason: reason, at: now).2
            try store.save(changes.events, by: "alice", at: now)
        }
        let saved = try Store(path: path).savedState(at: now, memory: .seconds(60))
        #expect(saved.protected == policy.protected && saved.protected.count == 2)
        var next = Policy(settings: PolicySettings(), mode: .enforce)
        _ = next.start(allowing: [], restoring: saved, at: now)
        #expect(throws: Refusal.self) {
            try next.ban(try prefix("192.0.2.9"), for: nil, reason: nil, at: now)
        }
        try store.save(try policy.unprotect(try prefix("2001:db8::7")).1.events, by: "alice", at: now)
        #expect(try store.savedState(at: now, memory: .seconds(60)).protected.count == 1)
        #expect(try store.auditTrail(limit: 9).map(\.verb) == ["unprotect", "protect", "protect"])
    }

    @Test("A decision's audit line has the configuration's hash, with evidence and counters")
    func recordsConfiguration() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        policy.configuration = "0a1b"
        try store.save(policy.decide([try verdict("192.0.2.7")], at: now).events, by: "agent", at: now)
        policy.configuration = "2c3d"
        try store.save(
            try policy.ban(try prefix("192.0.2.8"), for: nil, reason: nil, at: now).1.events, by: "bob",
            at: now)
        let details = try store.auditTrail(limit: 9).map(\.detail)
        #expect(
            details[0].contains(#""configuration":"2c3d""#) && details[1].contains(#""configuration":"0a1b""#)
        )
        for word in ["score", "threshold", "model", "features", "usual", "droppedPackets"] {
            #expect(details[1].contains("\"\(word)\""), "\(word)")
        }
        #expect(try store.alerts(since: nil, limit: 1).map(\.configuration) == ["0a1b"])
    }

    @Test("Ended bans are history, and count for repeat offenders unless an operator lifted the last one")
    func remembersEnded() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(banDuration: .seconds(10)), mode: .enforce)
        let sources = ["192.0.2.7", "192.0.2.8"]
        try store.save(
            policy.decide(try sources.map { try verdict($0) }, at: now).events, by: "agent", at: now)
        let later = now + .seconds(11)
        try store.save(policy.tick(at: later, counters: []).events, by: "agent", at: later)
        #expect(
            try store.savedState(at: later, memory: .seconds(3600)).pastBans.map(\.rule.expires) == [
                later, later,
            ])

        let again = later + .seconds(1)
        try store.save(policy.decide([try verdict("192.0.2.8")], at: again).events, by: "agent", at: again)
        let (_, changes) = try policy.unban(try prefix("192.0.2.8"), at: again)
        try store.save(changes.events, by: "operator", at: again)
        let saved = try store.savedState(at: again, memory: .seconds(3600))
        #expect(saved.sanctions.isEmpty)
        #expect(saved.pastBans.map { "\($0.prefix)" } == ["192.0.2.7"])
        #expect(try store.savedState(at: again, memory: .seconds(1)).pastBans.isEmpty)
    }

    @Test("Alerts are found by time and by address, within prefixes too")
    func findsAlerts() throws {
        let store = try Store(path: path)
        let alerts = try ["192.0.2.7", "2001:db8:1:2::/64", "192.0.2.7"].enumerated().map { place, source in
            var verdict = try verdict(source, tier: .alert)
            verdict.time = now + .seconds(place)
            return Alert(id: Int64(place + 1), verdict: verdict, action: .alert)
        }
        try store.save(alerts.map(Event.alert), by: "agent", at: now)
        #expect(try store.alerts(since: now, limit: 10).map(\.id) == [3, 2])
        #expect(try store.alerts(since: nil, limit: 1).map(\.id) == [3])
        #expect(try store.alerts(about: try #require(Address("192.0.2.7")), limit: 10).map(\.id) == [3, 1])
        #expect(
            try store.alerts(about: try #require(Address("2001:db8:1:2::99")), limit: 10).map(\.id) == [2])
        #expect(try store.alerts(about: try #require(Address("192.0.2.8")), limit: 10).isEmpty)
    }

    @Test("Numbers that JSON cannot hold are brought near, not refused")
    func keepsOddNumbers() throws {
        let store = try Store(path: path)
        var odd = try verdict("192.0.2.7", tier: .alert)
        odd.score = .infinity
        odd.threshold = .nan
        odd.features = [FeatureContribution(name: "f", value: -.infinity, usual: .nan, share: 1)]
        try store.save([.alert(Alert(id: 1, verdict: odd, action: .alert))], by: "agent", at: now)
        let read = try #require(try store.alert(id: 1)).verdict
        #expect(read.score == .greatestFiniteMagnitude && read.threshold == 0)
        #expect(read.features.first?.value == -.greatestFiniteMagnitude)
    }

    @Test("Counters of bans in force can be written between times")
    func savesCounters() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        try store.save(policy.decide([try verdict("192.0.2.7")], at: now).events, by: "agent", at: now)
        let id = try #require(policy.sanctions.first).rule.id
        let counters = RuleCounters(id: id, dropped: Count(packets: .max, bytes: 7), lastHit: now)
        _ = policy.tick(at: now, counters: [counters])
        try store.saveCounters(of: policy.sanctions)
        let saved = try #require(try store.savedState(at: now, memory: .zero).sanctions.first)
        // SQLite's integers are signed.
        #expect(saved.dropped == Count(packets: UInt64(Int64.max), bytes: 7))
        #expect(saved.lastHit == now)
    }

    @Test("Rules of every kind come back as they were")
    func restoresRules() throws {
        let (victim, source) = (try #require(Address("2001:db8::5")), try prefix("2001:db8:1::/48"))
        let scope = Rule.Scope(destination: victim, protocol: .tcp, port: 443, source: source)
        let rules: [(Rule.Match, Rule.Action)] = [
            (.source(source), .limit(Rule.Rate(bytes: .max / 2))), (.scope(scope), .deny),
            (.scope(Rule.Scope(destination: victim, source: source)), .limit(Rule.Rate(packets: 5))),
            (.scope(Rule.Scope(destination: victim)), try .limit(#require(Rule.Rate(packets: 5, bytes: 9)))),
            (
                .scope(Rule.Scope(destination: victim, protocol: .tcp, port: 443)),
                .prove(Rule.Proof(beginnings: 20, retransmissions: 300, asks: false))
            ),
        ]
        let sanctions = rules.enumerated().map { index, rule in
            Sanction(
                rule: Rule(id: UInt32(index + 1), match: rule.0, action: rule.1, origin: .manual),
                since: now, reason: "attack", summary: "by hand")
        }
        let store = try Store(path: path)
        try store.save(sanctions.map(Event.imposed), by: "root", at: now)
        #expect(Set(try store.savedState(at: now, memory: .zero).sanctions) == Set(sanctions))
    }

    @Test("What an operator says of an alert is kept, with the window that it was about")
    func judges() throws {
        let store = try Store(path: path)
        var judged = try verdict("192.0.2.7")
        judged.row = [1.5, -2, 0.25]
        judged.othersNearer = 0.625
        try store.save(
            [
                .alert(Alert(id: 1, verdict: judged, action: .alert)),
                .alert(Alert(id: 2, verdict: try verdict("192.0.2.8"), action: .alert)),
            ],
            by: "agent", at: now)
        try store.judge(1, as: .bad, by: "alice (uid 1000)", at: now)
        let alerts = try store.judgedAlerts()
        #expect(alerts == [Alert(id: 1, verdict: judged, action: .alert, feedback: .bad)])
        #expect(alerts[0].verdict.schema == FeatureSchema.identity)
        #expect(try store.auditTrail(limit: 1).map(\.who) == ["alice (uid 1000)"])
    }

    @Test("Who did what is in the audit trail")
    func audits() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(), mode: .shadow)
        try store.save(policy.decide([try verdict("192.0.2.7")], at: now).events, by: "agent", at: now)
        let (_, _, changes) = try policy.allow(try prefix("192.0.2.0/24"), for: nil, reason: "ours", at: now)
        try store.save(changes.events, by: "operator", at: now)
        try store.note("mode", "enforce", by: "operator", at: now)
        let lines = try store.auditTrail(limit: 10)
        #expect(
            lines.map { "\($0.who) \($0.verb) \($0.subject)" } == [
                "operator mode enforce", "operator end 192.0.2.7", "operator allow 192.0.2.0/24",
                "agent ban 192.0.2.7",
            ])
        #expect(lines[1].detail.contains("\"ending\":\"allowed\""))
        #expect(lines[2].detail == "{\"reason\":\"ours\"}")
        #expect(lines[3].detail.contains("\"isShadowed\":true"))
    }

    @Test(
        "When the clock is set, what is in force keeps the time it has left, and what has ended stays history",
        arguments: [Duration.seconds(3600), .seconds(-3600)])
    func followsClock(_ step: Duration) throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(banDuration: .seconds(60)), mode: .enforce)
        var events = policy.decide([try verdict("192.0.2.7"), try verdict("192.0.2.8")], at: now).events
        events += try policy.unban(try prefix("192.0.2.8"), at: now).1.events
        events += try policy.ban(try prefix("192.0.2.9"), for: nil, reason: nil, at: now).1.events
        events += try policy.allow(try prefix("10.0.0.0/8"), for: .seconds(60), reason: nil, at: now).2.events
        try store.save(events, by: "agent", at: now)
        let before = try store.savedState(at: now, memory: .seconds(86_400))
        try store.save(policy.clockWasSet(by: step), by: "agent", at: now + step)
        let after = try store.savedState(at: now, memory: .seconds(86_400))
        #expect(
            after.sanctions.map(\.rule.expires) == before.sanctions.map { $0.rule.expires.map { $0 + step } })
        #expect(after.sanctions.map(\.rule.expires) == policy.sanctions.map(\.rule.expires).reversed())
        #expect(after.allowed.map(\.expires) == [now + .seconds(60) + step])
        #expect(after.lifted == before.lifted && before.lifted.count == 1)
        #expect(try store.auditTrail(limit: 1).map(\.verb) == ["clock"])
        #expect(try store.verifyAudit().broken == nil)
    }

    /// Further than 64 bits of nanoseconds hold, in both directions.
    static let wildSteps: [Duration] = [.seconds(10_000_000_000), .seconds(-10_000_000_000)]

    @Test("However far the clock is set, ends stay times that can be read back", arguments: wildSteps)
    func clampsEnds(_ step: Duration) throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(banDuration: .seconds(60)), mode: .enforce)
        var events = policy.decide([try verdict("192.0.2.7")], at: now).events
        events += try policy.allow(try prefix("10.0.0.0/8"), for: .seconds(60), reason: nil, at: now).2.events
        try store.save(events, by: "agent", at: now)
        let moment = Moment(boot: "a", uptime: .seconds(1), time: now)
        try store.save(moment)
        for _ in 1...3 { try store.save([.clockSet(by: step)], by: "agent", at: now) }
        let state = try store.savedState(at: now, memory: .seconds(1))
        let end = Timestamp(nanoseconds: step > .zero ? .max / 2 : 0)
        #expect(state.sanctions.map(\.rule.expires) == [end] && state.allowed.map(\.expires) == [end])
        #expect(try store.lastMoment()?.time == end)
    }

    @Test(
        "What waits to be confirmed moves along with the clock, and what it lifted too; nothing moves twice")
    func movesPending() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(banDuration: .seconds(600)), mode: .enforce)
        try store.save(policy.decide([try verdict("192.0.2.7")], at: now).events, by: "agent", at: now)
        let before = policy
        var changes = try policy.unban(try prefix("192.0.2.7"), at: now).1
        changes += try policy.ban(try prefix("192.0.2.8"), for: .seconds(900), reason: nil, at: now).1
        try policy.awaitConfirmation(of: &changes, since: before, within: .seconds(60), at: now)
        try store.save(changes.events, by: "alice", at: now)
        let moment = Moment(boot: "a", uptime: .seconds(100), time: now)
        try store.save(moment)
        let later = Moment(boot: "a", uptime: .seconds(110), time: now + .seconds(3610))
        let step = try #require(moment.step(to: later))
        #expect(step == .seconds(3600))
        try store.save(policy.clockWasSet(by: step), by: "agent", at: later.time)
        #expect(try store.savedState(at: now, memory: .seconds(1)).pending == policy.pending)
        #expect(policy.pending.map(\.deadline) == [now + .seconds(3660)])
        #expect(try store.lastMoment()?.step(to: later) == nil)
    }

    @Test("A number of a change to be confirmed is given once, whatever became of the change")
    func numbersChanges() throws {
        let store = try Store(path: path)
        for number in 1...3 as ClosedRange<Int64> {
            let saved = try store.savedState(at: now, memory: .seconds(1))
            var policy = Policy(settings: PolicySettings(), mode: .enforce)
            _ = policy.start(allowing: [], restoring: saved, at: now)
            let before = policy
            var changes = try policy.changeMode(to: number % 2 == 0 ? .enforce : .shadow, of: nil)
            try policy.awaitConfirmation(of: &changes, since: before, within: .seconds(60), at: now)
            #expect(policy.pending.map(\.id) == [number])
            changes += try policy.confirm(nil, at: now).1
            try store.save(changes.events, by: "alice", at: now)
        }
        let trail = try store.auditTrail(verb: "confirm", limit: 9)
        #expect(trail.map(\.subject) == ["change 3", "change 2", "change 1"])
    }

    @Test("Pruning keeps the newest, and all that is in force")
    func prunes() throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(banDuration: .seconds(10)), mode: .enforce)
        for place in 0..<5 {
            let time = now + .seconds(place * 20)
            var events = policy.tick(at: time, counters: []).events
            events += policy.decide([try verdict("192.0.2.\(place)")], at: time).events
            try store.save(events, by: "agent", at: time)
            try store.save(
                SavedModel(
                    id: "m\(place)", trained: time, role: place == 0 ? .champion : .retired, since: time,
                    metadata: "{}", data: []))
        }
        var retention = Store.Retention()
        retention.alerts = 2
        retention.endedSanctions = 1
        retention.models = 1
        try store.prune(to: retention)
        #expect(try store.alerts(since: nil, limit: 10).map(\.id) == [5, 4])
        let saved = try store.savedState(at: now, memory: .seconds(1000))
        #expect(saved.sanctions.map { "\($0.prefix)" } == ["192.0.2.4"])
        #expect(saved.pastBans.map { "\($0.prefix)" } == ["192.0.2.3"])
        #expect(try store.models().map(\.id) == ["m4", "m0"])
    }

    @Test("The file and its folder are closed to others")
    func isPrivate() throws {
        _ = try Store(path: path)
        let manager = FileManager.default
        #expect(try manager.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
        let parent = folder.file("state")
        #expect(try manager.attributesOfItem(atPath: parent)[.posixPermissions] as? Int == 0o750)
    }

    private func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }

    private func verdict(
        _ entity: String, view: Entity.View = .source, tier: Verdict.Tier = .block, target: Target? = nil
    ) throws -> Verdict {
        Verdict(
            time: now, entity: Entity(view: view, prefix: try prefix(entity)), score: 9.25, threshold: 3.5,
            tier: tier,
            reason: "scan", summary: "many ports",
            features: [FeatureContribution(name: "ports", value: 1200, usual: 2, share: 0.9)], model: "m-1",
            target: target, isTwoWay: true)
    }
}
