import Detection
import Engine
import Features
import Policy
import Testing
import Traffic

/// What the engine is given to read, and where its rules go: no kernel, no capture.
private final class Stub: FlowSource, RuleSink {
    struct Refusal: Error {}

    var traffic: (_ start: Timestamp, _ end: Timestamp) -> [FlowSample] = { _, _ in [] }
    var isRefusing = false
    /// As a data plane that has room in its allow-list only.
    var isFullOfBans = false
    /// Whether automatic rules that are not there yet find a place.
    var hasRoom = true
    private(set) var rules: [UInt32: Rule] = [:]
    var dropped: UInt64 = 0
    private var lastRead = Timestamp(seconds: 0)

    func read(at now: Timestamp) -> Reading {
        defer { lastRead = now }
        var reading = Reading(start: lastRead, end: now, samples: traffic(lastRead, now))
        for sample in reading.samples {
            reading.totals.flow += Count(packets: sample.packets, bytes: sample.bytes)
        }
        return reading
    }

    func install(_ rules: [Rule]) throws -> Set<UInt32> {
        if isRefusing || isFullOfBans && rules.contains(where: { $0.action != .allow }) { throw Refusal() }
        var refused: Set<UInt32> = []
        for rule in rules {
            if hasRoom || rule.action == .allow || self.rules[rule.id] != nil {
                self.rules[rule.id] = rule
            } else {
                refused.insert(rule.id)
            }
        }
        return refused
    }

    func remove(_ rules: [Rule]) { for rule in rules { self.rules[rule.id] = nil } }

    func mend(_ wanted: [Rule], in part: RulePart) throws -> RuleDrift {
        if isRefusing { throw Refusal() }
        let missing = wanted.filter { rules[$0.id] == nil }
        let unknown = rules.keys.filter { id in part.contains(id) && !wanted.contains { $0.id == id } }
        for id in unknown { rules[id] = nil }
        let refused = try install(missing)
        var drift = RuleDrift(missing: missing.count - refused.count, unknown: unknown.count)
        drift.refused = refused
        return drift
    }

    /// Takes every rule out behind the agent's back.
    func lose() { rules.removeAll() }

    func know(_ sources: [KnownSource], isAll: Bool) {}

    func counters() -> [RuleCounters] {
        rules.keys.map {
            RuleCounters(id: $0, dropped: Count(packets: dropped, bytes: dropped * 60), lastHit: lastRead)
        }
    }
}

@Suite("One turn of the loop")
struct EngineTests {
    private static let interval: Duration = .milliseconds(200)
    private static let attacker = Address(literal: "203.0.113.66")
    private static let start = Timestamp(seconds: 1_700_000_000)
    /// What a flood leads to: anybody may send it under that name, so only what it does is stopped.
    private static let kept = Rule.Match.scope(
        Rule.Scope(
            destination: Address(literal: "10.20.0.2"), protocol: .udp, port: 4444, source: Prefix(attacker)))

    private let stub = Stub()
    private let engine: Engine

    init() throws {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .zero
        var policy = Policy(settings: PolicySettings(banDuration: .seconds(10)), mode: .enforce)
        _ = policy.start(allowing: [], restoring: SavedState(), at: Self.start)
        engine = Engine(
            source: stub, sink: stub,
            detector: Detector(configuration: configuration, shippedModel: try .embedded()), policy: policy)
    }

    /// Turns until `isOver` says so, at most for `limit`; returns the turns.
    private func turns(
        from start: Timestamp, for limit: Duration, until isOver: (Engine.Turn) -> Bool = { _ in false }
    ) throws -> (all: [Engine.Turn], end: Timestamp) {
        var (all, now): ([Engine.Turn], Timestamp) = ([], start)
        while now < start + limit {
            now = now + Self.interval
            all.append(try engine.turn(at: now))
            if let last = all.last, isOver(last) { break }
        }
        return (all, now)
    }

    /// Clients that are answered; with the attack, 500 packets a reading that are not.
    private static func traffic(with attack: Bool) -> (Timestamp, Timestamp) -> [FlowSample] {
        { start, end in
            func sample(_ key: FlowKey, _ packets: UInt64) -> FlowSample {
                var sample = FlowSample(key: key, first: start, last: end)
                (sample.packets, sample.bytes, sample.squaredBytes) = (packets, packets * 60, packets * 3600)
                (sample.minimumLength, sample.maximumLength) = (60, 60)
                return sample
            }
            var samples: [FlowSample] = []
            for client in 1...5 as ClosedRange<UInt32> {
                let key = FlowKey(
                    source: Address(ipv4: 0xC633_6400 + client), destination: Address(literal: "10.20.0.2"),
                    protocol: .udp,
                    sourcePort: 40_000, destinationPort: 53)
                samples += [sample(key, 2), sample(key.reversed, 2)]
            }
            let key = FlowKey(
                source: attacker, destination: Address(literal: "10.20.0.2"), protocol: .udp,
                sourcePort: 4000,
                destinationPort: 4444)
            return attack ? samples + [sample(key, 500)] : samples
        }
    }

    @Test(
        "Traffic as usual leads to no rule; a flood leads to a ban within two seconds, and the ban ends when it does"
    )
    func lifeOfABan() throws {
        stub.traffic = Self.traffic(with: false)
        let quiet = try turns(from: Self.start, for: .seconds(10))
        #expect(quiet.all.flatMap(\.changes.events).isEmpty)
        stub.traffic = Self.traffic(with: true)
        let attacked = try turns(from: quiet.end, for: .seconds(2)) { !$0.changes.install.isEmpty }
        let ban = try #require(stub.rules.values.first)
        #expect(stub.rules.count == 1)
        #expect(ban.match == Self.kept && ban.action == .deny && ban.origin == .automatic)
        let length = try #require(ban.expires) - attacked.end
        #expect(length > .seconds(9) && length <= .seconds(10))
        let last = try #require(attacked.all.last)
        #expect(last.changes.events.contains { if case .alert = $0 { true } else { false } })
        #expect(last.changes.events.contains { if case .imposed = $0 { true } else { false } })

        stub.traffic = Self.traffic(with: false)
        stub.dropped = 1234
        let banned = try turns(from: attacked.end, for: .seconds(8))
        #expect(engine.policy.sanctions.map(\.dropped.packets) == [1234])
        let after = try turns(from: banned.end, for: .seconds(4))
        #expect(stub.rules.isEmpty)
        let endings = after.all.flatMap(\.changes.events).compactMap { event -> Count? in
            if case .ended(let sanction, .expired) = event { sanction.dropped } else { nil }
        }
        #expect(endings.map(\.packets) == [1234])
    }

    @Test("A rule that somebody took out of the data plane is put back within a second, and that is told")
    func mends() throws {
        stub.traffic = Self.traffic(with: true)
        let attacked = try turns(from: Self.start, for: .seconds(3)) { !$0.changes.install.isEmpty }
        stub.traffic = Self.traffic(with: false)
        stub.lose()
        let mended = try turns(from: attacked.end, for: .seconds(2)) { $0.drift != RuleDrift() }
        #expect(mended.all.last?.drift == RuleDrift(missing: 1))
        #expect(stub.rules.values.map(\.match) == [Self.kept])
    }

    @Test("Of very many rules a part is held against the policy each second, until all have been")
    func mendsInParts() throws {
        var saved = SavedState()
        saved.sanctions = (1...25_000 as ClosedRange<UInt32>).map { number in
            let source = Prefix(Address(ipv4: 0x0B00_0000 + number))
            let rule = Rule(id: number, match: .source(source), action: .deny, origin: .manual)
            return Sanction(rule: rule, since: Self.start, reason: "manual", summary: "")
        }
        _ = engine.policy.start(allowing: [], restoring: saved, at: Self.start)
        let first = try engine.turn(at: Self.start + .seconds(1)).drift.missing
        #expect((8000..<9000).contains(first))
        let others = try turns(from: Self.start + .seconds(1), for: .seconds(2.4))
        #expect(others.all.map(\.drift.missing).reduce(first, +) == 25_000)
    }

    @Test("What the data plane refuses is told, kept, and put in force as soon as it can be")
    func refusingSink() throws {
        stub.traffic = Self.traffic(with: false)
        let quiet = try turns(from: Self.start, for: .seconds(2))
        stub.traffic = Self.traffic(with: true)
        stub.isRefusing = true
        let attacked = try turns(from: quiet.end, for: .seconds(2)) { $0.failure != nil }
        let refused = try #require(attacked.all.last)
        #expect(refused.failure is Stub.Refusal)
        #expect(refused.reading.totals.flow.packets == 520)
        #expect(refused.changes.events.contains { if case .imposed = $0 { true } else { false } })
        #expect(stub.rules.isEmpty)
        #expect(try engine.turn(at: attacked.end + Self.interval).failure is Stub.Refusal)
        stub.isRefusing = false
        #expect(try engine.turn(at: attacked.end + Self.interval + Self.interval).failure == nil)
        #expect(stub.rules.values.map(\.match) == [Self.kept])
    }

    @Test("Bans that the data plane has no room for do not keep an entry of the allow-list out")
    func allowBesideRefusal() throws {
        stub.traffic = Self.traffic(with: false)
        let quiet = try turns(from: Self.start, for: .seconds(2))
        stub.traffic = Self.traffic(with: true)
        stub.isFullOfBans = true
        let attacked = try turns(from: quiet.end, for: .seconds(2)) { $0.failure != nil }
        #expect(try #require(attacked.all.last).failure is Stub.Refusal)
        let allowed = Prefix(Address(literal: "203.0.113.77"))
        let (_, _, changes) = try engine.policy.allow(allowed, for: nil, reason: nil, at: attacked.end)
        try engine.apply(changes)
        #expect(stub.rules.values.map(\.match) == [.source(allowed)])
        #expect(try engine.turn(at: attacked.end + Self.interval).failure is Stub.Refusal)
        #expect(stub.rules.values.map(\.match) == [.source(allowed)])

        // Nor does it stay out when somebody else takes it off meanwhile.
        stub.lose()
        #expect(try engine.turn(at: attacked.end + Self.interval + Self.interval).failure is Stub.Refusal)
        #expect(stub.rules.values.map(\.match) == [.source(allowed)])
    }

    @Test(
        "What there is no room for is not in force anywhere, is tried again, and stands in no other rule's way"
    )
    func lacksRoom() throws {
        stub.traffic = Self.traffic(with: false)
        let quiet = try turns(from: Self.start, for: .seconds(2))
        stub.traffic = Self.traffic(with: true)
        stub.hasRoom = false
        let attacked = try turns(from: quiet.end, for: .seconds(2)) { $0.failure != nil }
        #expect(attacked.all.allSatisfy { $0.failure == nil && $0.drift == RuleDrift() })
        #expect(engine.policy.sanctions.map(\.lacksRoom) == [true] && stub.rules.isEmpty)
        #expect(engine.policy.counts == (0, 0) && engine.policy.occupancy.lacking == 1)
        // An operator's shadow needs no room.
        try engine.apply(engine.policy.setMode(.shadow))
        try engine.apply(engine.policy.setMode(.enforce))
        #expect(engine.policy.sanctions.map(\.lacksRoom) == [true])
        stub.hasRoom = true
        let late = try turns(from: attacked.end, for: .seconds(2))
        #expect(late.all.allSatisfy { $0.drift == RuleDrift() })
        #expect(stub.rules.values.map(\.match) == [Self.kept])
        #expect(engine.policy.sanctions.map(\.lacksRoom) == [false] && engine.policy.counts == (1, 0))
        // Somebody takes it out of the kernel and its place with it.
        stub.lose()
        stub.hasRoom = false
        _ = try turns(from: late.end, for: .seconds(2))
        #expect(engine.policy.sanctions.map(\.lacksRoom) == [true] && stub.rules.isEmpty)
    }

    @Test("What a refused change took off is in force again at once")
    func withdraws() throws {
        let allowed = Prefix(Address(literal: "203.0.113.77"))
        let (_, _, made) = try engine.policy.allow(allowed, for: nil, reason: nil, at: Self.start)
        try engine.apply(made)
        let before = engine.policy
        let banned = Prefix(Address(literal: "203.0.113.78"))
        var (_, changes) = try engine.policy.ban(banned, for: nil, reason: nil, at: Self.start)
        changes.remove = made.install
        stub.isFullOfBans = true
        #expect(throws: Stub.Refusal.self) { try engine.apply(changes) }
        #expect(stub.rules.isEmpty)
        engine.policy = before
        engine.withdraw(changes)
        #expect(stub.rules.values.map(\.match) == [.source(allowed)])
    }
}
