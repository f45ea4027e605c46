import Features
import Models
import Testing
import Traffic

@testable import Detection

/// What an operator's word does.
@Suite struct FeedbackTests {
    private let now = Timestamp(seconds: 1_700_000_000)

    @Test("what an operator calls a false alarm is the entity's usual from then on, within bounds")
    func usual() {
        var usual = Usual()
        usual.settle(on: 0.75)
        #expect(abs(usual.score - 0.75) < 1e-9)
        usual.settle(on: 5)
        #expect(usual.score == 1)
    }

    @Test("false alarms raise the bars, and those that were right do not")
    func budget() throws {
        let model = try ShippedModel.embedded().source.tail
        func threshold(forgiving: Bool) -> Double {
            var budget = AlarmBudget(acceptedPerDay: 24)
            for minute in 0..<4 {
                budget.count(alarms: 1, at: now + .seconds(60 * minute))
                if forgiving { budget.forgive() }
            }
            return budget.threshold(of: model, windowsPerHour: 1_000)
        }
        #expect(threshold(forgiving: false) > threshold(forgiving: true))
    }

    /// Windows about `level`, sixty of each view.
    private func usual(_ random: inout SeededGenerator) throws -> TrainingSet {
        var set = TrainingSet(joining: [], shipped: try .embedded())
        for number in 0..<120 {
            let row = (0..<FeatureSchema.count).map { _ in random.normal() }
            set.add(row, of: number % 2 == 0 ? .source : .destination, isAttack: false)
        }
        return set
    }

    @Test("trees learn from judged windows; a view without attacks learns what is usual in place of it")
    func trees() throws {
        var random = SeededGenerator(seed: 1)
        var set = try usual(&random)
        #expect(throws: TrainingError.noAttacks) { try Trainer.train(set, kind: .trees, seed: 1, steps: 10) }
        for _ in 0..<10 {
            set.add((0..<FeatureSchema.count).map { _ in random.normal() + 4 }, of: .source, isAttack: true)
        }
        set.add([1, 2, 3], of: .source, isAttack: true)
        let model = try Trainer.train(set, kind: .trees, seed: 1, steps: 10)
        #expect(model.source.model.kind == .trees && model.destination.model.kind == .autoencoder)
        let again = try SiteModel(file: ModelFile(model.file.bytes))
        #expect(again.file == model.file && again.destination.model.kind == .autoencoder)
        let rows = [
            Array(repeating: Float(0), count: FeatureSchema.count),
            Array(repeating: 4, count: FeatureSchema.count),
        ]
        let scores = again.source.model.scores(of: again.source.scaler.quantize(rows))
        #expect(scores[1] > scores[0] + 1_000)
    }

    @Test("alerts are alike by the proportions of their features, not by how much of each there was")
    func likeness() {
        func verdict(_ shares: [String: Double], _ view: Entity.View = .source) -> Verdict {
            Verdict(
                time: now, entity: Entity(view: view, prefix: Prefix(Address(ipv4: 1))), score: 4,
                threshold: 3,
                tier: .alert, reason: "scan", summary: "",
                features: shares.map {
                    FeatureContribution(name: $0.key, value: 1, usual: 1, share: $0.value)
                },
                model: "m", target: nil, isTwoWay: true)
        }
        let scan = verdict(["novel_60": 0.6, "flows": 0.2])
        #expect(abs(scan.likeness(to: verdict(["novel_60": 0.3, "flows": 0.1])) - 1) < 1e-9)
        #expect(scan.likeness(to: verdict(["bytes": 1])) == 0)
        #expect(scan.likeness(to: verdict(["novel_60": 0.6, "flows": 0.2], .destination)) == 0)
        #expect(scan.likeness(to: verdict([:])) == 0)
        let near = verdict(["novel_60": 0.6, "bytes": 0.3])
        #expect((0.8..<0.9).contains(scan.likeness(to: near)))
        #expect(scan.likeness(to: near) == near.likeness(to: scan))
    }

    @Test("an entity is found again by what its windows say of it")
    func slots() throws {
        var builder = WindowBuilder()
        var windows: [Window] = []
        var traffic = ScriptedTraffic()
        Customer.requests(perSecond: 20).write(&traffic, 2)
        for reading in traffic.readings(until: 2) {
            let batches = builder.observe(reading)
            windows += batches.source.windows + batches.destination.windows
        }
        #expect(!windows.isEmpty)
        for window in windows {
            let slot = builder.slot(of: window.entity)
            #expect(slot == window.slot)
        }
        let slot = builder.slot(of: Entity(view: .source, prefix: Prefix(Address(ipv4: 1))))
        #expect(slot == nil)
    }
}
