import Models
import Testing
import Traffic

@testable import Detection
@testable import Features

/// What is usual of an entity, and by whose scores.
@Suite struct UsualTests {
    private static let server = host("10.0.0.80")
    private static let kiosk = host("10.0.9.80")
    private let start = Timestamp(seconds: 1_700_000_000)
    private let shipped: ShippedModel
    private let site: SiteModel
    /// Features of windows: as the model has learned them; odd, but not enough for any alert; odd enough for one if it lasts.
    private let everyday, mild, odd: [Float]

    init() throws {
        shipped = try .embedded()
        everyday = shipped.source.scaler.medians
        var (set, random) = (TrainingSet(joining: [], shipped: shipped), SeededGenerator(seed: 1))
        for number in 0..<400 {
            let row = everyday.map { $0 + 0.1 * random.normal() }
            set.add(row, of: number % 2 == 0 ? .source : .destination, isAttack: false)
        }
        // As if it had been half an hour: alerts by score take a quarter of one.
        set.learned = .seconds(1_800)
        site = try Trainer.train(set, seed: 1, steps: 100)
        let (opinions, usual) = (Opinions(shipped: shipped.source, site: site.source), everyday)
        /// What is usual but for some features, which are moved until the score is in range.
        func row(scoring range: Range<Double>, by features: [Feature]) throws -> [Float] {
            let rows = stride(from: Float(0), to: 6, by: 0.01).lazy.map { shift in
                var row = usual
                for feature in features { row[feature.rawValue] += shift }
                return row
            }
            return try #require(rows.first { range.contains(opinions.judge(features: $0)[0].score) })
        }
        mild = try row(scoring: 0.9..<1.2, by: [.newFlows, .sourcePorts, .newFlows10])
        odd = try row(scoring: 2.2..<2.8, by: [.loginRepeat60, .loginRepeat600])
    }

    private func grouping(hasOwnModel: Bool) -> Grouping {
        Grouping([
            TrafficGroup(name: "kiosks", protects: [Prefix(Self.kiosk)], hasOwnModel: hasOwnModel)
        ])
    }

    /// A view that judges by the model, in the group by one of its own, too.
    private func view(_ grouping: Grouping) -> ViewDetector {
        var configuration = DetectionConfiguration()
        configuration.grouping = grouping
        return ViewDetector(.source, configuration: configuration, shipped: shipped, site: nil)
    }

    /// Lets the view judge one window of each: by slot, to whom, and its features.
    private func observe(
        _ entities: [(slot: Int, server: Address, row: [Float])], second: Int, by view: inout ViewDetector
    ) -> Observation {
        var batch = WindowBatch()
        for (slot, server, row) in entities {
            var window = Window(
                entity: Entity(view: .source, prefix: Prefix(Address(ipv4: 0xC0A8_0114 + UInt32(slot)))),
                slot: slot, serial: 1, packets: 40, bytes: 4_000, evidence: Evidence())
            window.evidence.initiatedPackets = 40
            window.evidence.largestFlow = FlowKey(
                source: window.entity.prefix.address, destination: server, protocol: .tcp, sourcePort: 40_000,
                destinationPort: 443)
            batch.append(window, row[...])
        }
        let time = start + .seconds(second)
        var observation = Observation(time: time, windows: [], verdicts: [])
        var nothing: [ModelLife] = []
        view.observe(batch, seesBothWays: true, at: time, lives: &nothing, into: &observation)
        return observation
    }

    @Test("what is usual of an entity by one model is not taken off the other's scores")
    func usualByModel() throws {
        var view = view(grouping(hasOwnModel: true))
        view.adopt(site, in: nil)
        view.adopt(site, in: "kiosks")
        /// By how much a window is let be; a quarter of an hour after the last, whose score has no part in it.
        func allowance(_ server: Address, second: Int) throws -> Double {
            let window = try #require(observe([(0, server, mild)], second: second, by: &view).windows.first)
            return try (window.table + #require(window.site)) / 2 - window.score
        }
        for second in 0..<600 { _ = observe([(0, Self.server, mild)], second: second, by: &view) }
        #expect(try allowance(Self.kiosk, second: 1_500) <= 0)
        #expect(try allowance(Self.server, second: 2_400) > 0.3)
    }

    @Test("a group that moves to another model waits for its own usual; who was with that model does not")
    func regrouped() throws {
        let grouping = grouping(hasOwnModel: true)
        var view = view(grouping)
        // Both are there before either model.
        func both(_ seconds: Range<Int>, _ row: [Float]) -> Set<Int> {
            var told: Set<Int> = []
            for second in seconds {
                let entities = [(0, Self.server, row), (1, Self.kiosk, row)]
                let verdicts = observe(entities, second: second, by: &view).verdicts
                told.formUnion(verdicts.map { Int($0.entity.prefix.address.low & 0xFF) - 0x14 })
            }
            return told
        }
        _ = both(0..<2, everyday)
        view.adopt(site, in: nil)
        view.adopt(site, in: "kiosks")
        #expect(both(2..<62, odd).isEmpty)
        #expect(both(62..<700, everyday).isEmpty)
        view.regroup(AcceptedAlarms(), self.grouping(hasOwnModel: false))
        #expect(both(700..<760, odd) == [0])
        #expect(both(760..<2_000, everyday).isEmpty)
        #expect(both(2_000..<2_060, odd).contains(1))
    }
}
