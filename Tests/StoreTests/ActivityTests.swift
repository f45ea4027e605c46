import Detection
import Features
import Policy
import Store
import Testing
import Traffic

@Suite("What is kept for the report")
struct ActivityTests {
    private let now = Timestamp(seconds: 1_700_000_000)

    @Test("Hours add up by group and mode, and what is older than asked for is left out")
    func addsUp() throws {
        let folder = try TemporaryFolder()
        let store = try Store(path: folder.file("sluice.db"))
        var part = Activity()
        part.seconds = 60
        part.traffic = Count(packets: 1000, bytes: 100_000)
        part.toll.enforced = Count(packets: 10, bytes: 1000)
        part.toll.limitedOfKnown = Count(packets: 1, bytes: 100)
        let (rest, servers) = (
            Activity.Key(group: nil, mode: .shadow), Activity.Key(group: "servers", mode: .limit)
        )
        for age in [0, 60, 3600, 30 * 3600] {
            try store.add([rest: part, servers: part], at: now - .seconds(age))
        }
        let records = try store.records(since: now - .seconds(2 * 3600), at: now)
        #expect(Set(records.keys) == [nil, "servers"])
        let (record, hours) = try #require(records[nil])
        #expect(record.watched == [.shadow: 180])
        #expect(record.traffic == Count(packets: 3000, bytes: 300_000))
        #expect(record.toll.enforced == Count(packets: 30, bytes: 3000))
        #expect(record.toll.limitedOfKnown == Count(packets: 3, bytes: 300))
        #expect(record.toll.limited == Count())
        #expect(hours == [0, 10, 20])
        #expect(records["servers"]?.record.watched == [.limit: 180])
        #expect(
            try store.records(since: now - .seconds(40 * 3600), at: now)[nil]?.record.watched == [
                .shadow: 240
            ])
        var retention = Store.Retention()
        retention.activity = 1
        try store.prune(to: retention)
        #expect(
            try store.records(since: now - .seconds(40 * 3600), at: now)[nil]?.record.watched == [
                .shadow: 180
            ])
    }

    @Test("Rules are counted by group, with what operators say of them; by hand is nothing automatic")
    func countsRules() throws {
        let folder = try TemporaryFolder()
        let store = try Store(path: folder.file("sluice.db"))
        let servers = PolicyGroup(
            TrafficGroup(name: "servers", protects: [try #require(Prefix("2001:db8:20::/64"))]),
            mode: .enforce,
            settings: PolicySettings())
        var policy = Policy(settings: PolicySettings(), mode: .shadow, groups: [servers])
        func attack(_ source: String, on victim: String, view: Entity.View = .source) throws -> Verdict {
            Verdict(
                time: now, entity: Entity(view: view, prefix: try #require(Prefix(source))), score: 9,
                threshold: 3,
                tier: .block, reason: "scan", summary: "", features: [], model: "m",
                target: Target(address: try #require(Address(victim)), protocol: .tcp, port: nil),
                isTwoWay: true)
        }
        var events = policy.decide(
            [
                try attack("192.0.2.7", on: "10.0.0.1"), try attack("192.0.3.7", on: "10.0.0.1"),
                try attack("10.0.0.1", on: "10.0.0.1", view: .destination),
                try attack("2001:db8:1::/64", on: "2001:db8:20::2"),
            ], at: now
        ).events
        events += try policy.ban(try #require(Prefix("203.0.113.7")), for: nil, reason: nil, at: now).1.events
        for number in events.indices {
            if case .imposed(var sanction) = events[number], sanction.prefix.description == "192.0.3.7" {
                sanction.isOnKnown = true
                events[number] = .imposed(sanction)
            }
        }
        try store.save(events, by: "agent", at: now)
        try store.judge(1, as: .bad, by: "alice", at: now)
        try store.judge(4, as: .good, by: "alice", at: now)
        let records = try store.records(since: now - .seconds(60), at: now)
        let rest = try #require(records[nil]?.record)
        #expect((rest.bans, rest.limits) == (2, 1))
        #expect((rest.onKnown, rest.unjudgedOnKnown) == (1, 1))
        #expect((rest.judged, rest.wrong) == (1, 1))
        #expect(rest.lastWrong == now)
        let group = try #require(records["servers"]?.record)
        #expect((group.bans, group.limits, group.judged, group.wrong) == (1, 0, 1, 0))
        #expect(try store.trips(since: now - .seconds(60)) == 0)
    }
}
