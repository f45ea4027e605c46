import Features
import Testing
import Traffic

@testable import Detection

/// Canaries tell a model that learned an attack from one that did not.
@Suite struct CanaryTests {
    private func everyday() throws -> TrainingSet {
        var traffic = ScriptedTraffic()
        Customer.browser.write(&traffic, 60)
        Customer.resolver.write(&traffic, 60)
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .seconds(60)
        let detector = Detector(configuration: configuration, shippedModel: try .embedded())
        for reading in traffic.readings(until: 60) { _ = detector.observe(reading) }
        return try #require(detector.trainingSet())
    }

    @Test("a model of everyday traffic catches the canaries")
    func clean() throws {
        let model = try Trainer.train(try everyday(), seed: 1, steps: 60)
        let caught = Canaries.caught(by: model, shipped: try .embedded())
        #expect(caught.isSuperset(of: CanaryAttack.all.map(\.name)), "\(caught.sorted())")
    }

    @Test("a model that was taught an attack misses the canary of that kind")
    func poisoned() throws {
        var set = try everyday()
        let attack = CanaryAttack.guessing
        let poison = Canaries.windows(of: attack).features
        while set.source.rows.count < 3 * poison.count || set.source.count < 400 { set.source.rows += poison }
        let model = try Trainer.train(set, seed: 1, steps: 120)
        #expect(!Canaries.caught(by: model, shipped: try .embedded()).contains(attack.name))
    }
}
