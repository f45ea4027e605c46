import Detection
import Features
import Foundation
import Policy
import Testing
import Traffic

@testable import Store

@Suite("Growth that an outsider drives")
struct GrowthTests {
    private static let start = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    private static let interval: Duration = .seconds(1)

    /// Bytes of the database with its log.
    private static func size(of path: String) throws -> Int {
        try ["", "-wal"].reduce(0) {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + $1)
            return $0 + (attributes[.size] as? Int ?? 0)
        }
    }

    /// As large as real ones: features and window are what they take most for.
    private static func verdict(
        _ number: Int, prefix: Prefix, view: Entity.View = .source, target: Target, isTwoWay: Bool,
        peers: Int,
        reason: String
    ) -> Verdict {
        let features = FeatureSchema.features.prefix(12).enumerated().map { place, feature in
            var contribution = FeatureContribution(
                name: feature.name, value: 1234.5678 + Double(number), usual: 0.123456789,
                share: 1 / Double(place + 2))
            (contribution.low, contribution.high, contribution.harmless) = (
                0.0123456789, 123.456789, 12.3456789
            )
            return contribution
        }
        return Verdict(
            time: start, entity: Entity(view: view, prefix: prefix), score: 9.87654321, threshold: 3.456789,
            tier: .block, reason: reason,
            summary: "48 services tried within a second, 48 of them refused or silent, usual: 2",
            features: features,
            model: "sluice-1.2 (built in)", target: target, isTwoWay: isTwoWay, peers: peers,
            row: [Float](repeating: 0.5, count: FeatureSchema.count))
    }

    /// An attacker's names: each turn some of them hit other services, with what is proven in a third of the cases.
    private static func attack(_ number: Int) -> Verdict {
        let host = Address(ipv4: 0x0A14_0000 + UInt32(number % 20))
        let port: UInt16? = number % 2 == 0 ? nil : UInt16(1 + number % 60_000)
        let target = Target(address: host, protocol: .tcp, port: port)
        let reason = ["scan", "volume", "failure", "connections"][number % 4]
        switch number % 6 {
        case 0, 1:
            // Three /64 of each /56 of many /48: no ban grows.
            let (fourth, rest) = (number / 6 % 3, number / 18)
            let high = 0x2001_0DB8 << 32 | UInt64(rest) << 8 | UInt64(fourth)
            return verdict(
                number, prefix: Prefix(Address(ipv6High: high, low: 0), length: 64), target: target,
                isTwoWay: true,
                peers: 1, reason: reason)
        case 2:
            return verdict(
                number, prefix: Prefix(Address(ipv4: 0x2D00_0000 &+ UInt32(number) &* 257)), target: target,
                isTwoWay: false, peers: 9, reason: reason)
        case 3:
            return verdict(
                number, prefix: Prefix(host), view: .destination,
                target: Target(address: host, protocol: .udp, port: UInt16(number % 60_000)), isTwoWay: false,
                peers: 1, reason: reason)
        default:
            return verdict(
                number, prefix: Prefix(Address(ipv4: 0x2D00_0000 &+ UInt32(number) &* 257)), target: target,
                isTwoWay: false, peers: 1, reason: reason)
        }
    }

    @Test("An hour of ever new names leaves at most 10 MB, keeps what came before it, and what is in force")
    func flood() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("sluice.db")
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        var digest = Digest()
        var now = Self.start
        func keep(_ changes: Changes) throws {
            let (told, counted) = digest.sort(changes.events, at: now)
            try store.save(
                told + digest.sums(at: now), counted: counted, by: "agent",
                under: String(repeating: "c", count: 64), at: now)
        }
        // What an operator would look for later.
        let early = Self.verdict(
            0, prefix: Prefix(Address(ipv4: 0xC633_6442)),
            target: Target(address: Address(ipv4: 0x0A14_0002), protocol: .tcp, port: 22), isTwoWay: true,
            peers: 1, reason: "failure")
        try keep(policy.decide([early], at: now))
        let before = try Self.size(of: path)
        var names = 0
        for second in 1...3600 {
            now = now + Self.interval
            let verdicts = (0..<8).map { Self.attack(names + $0) }
            names += verdicts.count
            try keep(policy.decide(verdicts, at: now))
            try keep(policy.tick(at: now, counters: []))
            if second % 60 == 0 {
                try store.saveCounters(of: policy.sanctions)
                try store.prune()
            }
        }
        let grown = try Self.size(of: path) - before
        print("\(names) names in an hour: \(grown) bytes")
        #expect(names == 28_800 && grown <= 10_000_000, "\(grown) bytes")
        // The first alert and its line are still there, and nothing is lost of what holds.
        #expect(try store.alert(id: 1)?.verdict.entity.prefix == early.entity.prefix)
        let trail = try store.auditTrail(limit: 100_000)
        #expect(trail.last?.verb == "ban" && trail.last?.subject == "198.51.100.66")
        #expect(trail.count < 6000 && trail.contains { $0.detail.contains(" more: ") })
        #expect(try store.verifyAudit(limit: 100_000).broken == nil)
        let saved = try store.savedState(at: now, memory: .seconds(86_400))
        #expect(Set(saved.sanctions.map(\.rule)) == Set(policy.sanctions.map(\.rule)))
    }
}
