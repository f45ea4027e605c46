import Detection
import Features
import Models
import Testing
import Traffic

/// Models as files, and learning.
@Suite struct ModelTests {
    /// A detector that has watched this script for its first seconds.
    private func learned(_ script: ScriptedTraffic, seconds: Double) throws -> (Detector, TrainingSet) {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .seconds(seconds)
        let detector = Detector(configuration: configuration, shippedModel: try .embedded())
        for reading in script.readings(until: seconds) { _ = detector.observe(reading) }
        return (detector, try #require(detector.trainingSet()))
    }

    private var everyday: ScriptedTraffic {
        var script = ScriptedTraffic()
        Customer.browser.write(&script, 12)
        Customer.resolver.write(&script, 12)
        return script
    }

    @Test("the embedded model survives being written and read")
    func shipped() throws {
        let model = try ShippedModel.embedded()
        let again = try ShippedModel(file: ModelFile(model.file.bytes))
        #expect(again.file == model.file)
    }

    @Test("a model for other features is refused, and says so")
    func otherSchema() throws {
        var file = try ShippedModel.embedded().file
        file.metadata["schema"] = "12-abc"
        #expect(throws: ModelFileError.otherSchema(found: "12-abc", expected: FeatureSchema.identity)) {
            try ShippedModel(file: file)
        }
    }

    @Test("a model of another kind, or with parts missing, is refused")
    func foreign() throws {
        var file = try ShippedModel.embedded().file
        #expect(throws: ModelFileError.self) { try SiteModel(file: file) }
        file.tensors["source.table.features"] = nil
        #expect(throws: ModelFileError.self) { try ShippedModel(file: file) }
    }

    @Test("equal windows and seeds give equal site models, which survive being written and read")
    func site() throws {
        let (_, set) = try learned(everyday, seconds: 12)
        let model = try Trainer.train(set, seed: 5, steps: 20)
        #expect(try Trainer.train(set, seed: 5, steps: 20).file.bytes == model.file.bytes)
        #expect(try Trainer.train(set, seed: 6, steps: 20).file.bytes != model.file.bytes)
        let again = try SiteModel(file: ModelFile(model.file.bytes))
        #expect(again.file == model.file)
        #expect(again.learned == .seconds(12))
    }

    @Test("training reports progress up to the end")
    func progress() throws {
        let (_, set) = try learned(everyday, seconds: 12)
        var parts: [Double] = []
        _ = try Trainer.train(set, seed: 1, steps: 20) { parts.append($0) }
        #expect(parts == parts.sorted() && parts.last == 1)
    }

    @Test("too little traffic gives no model, and says so")
    func tooLittle() throws {
        let (_, set) = try learned(ScriptedTraffic(), seconds: 5)
        #expect(throws: TrainingError.tooFewWindows(found: 0, needed: Trainer.fewestWindows)) {
            try Trainer.train(set, seed: 1)
        }
    }

    @Test("learning has an end")
    func phases() throws {
        let (detector, set) = try learned(everyday, seconds: 12)
        #expect(detector.phase == .readyToTrain)
        detector.adopt(try Trainer.train(set, seed: 1, steps: 10))
        #expect(detector.phase == .watching)
        #expect(detector.trainingSet() == nil)
    }

    @Test("an attack while learning is left out of what is learned")
    func poison() throws {
        var script = everyday
        script.append(CanaryAttack.synFlood(rate: 2_500).traffic, at: 4)
        script.append(CanaryAttack.fastScan.traffic, at: 6)
        let (_, set) = try learned(script, seconds: 12)
        #expect(set.leftOut.odd > 0)
        let packets = Feature.packets.rawValue
        let largest = stride(from: packets, to: set.source.rows.count, by: FeatureSchema.count).map {
            FeatureScale.logarithm.quantity(of: Double(set.source.rows[$0]))
        }.max()
        #expect(try #require(largest) < 2_400)
    }

    @Test("nothing is learned from an entity that there is a verdict on, from before the verdict neither")
    func quarantine() throws {
        var script = ScriptedTraffic()
        Customer.browser.write(&script, 60)
        Customer.resolver.write(&script, 60)
        // The finding comes with the tenth guess within a minute, so that nine are taken for logins at first.
        for guess in 0..<24 {
            script.connection(
                at: 20 + Double(guess) * 1.5, CanaryAttack.attacker, UInt16(40_000 + guess),
                CanaryAttack.victim,
                22)
        }
        let (_, set) = try learned(script, seconds: 60)
        let repeats = Feature.loginRepeat60.rawValue
        let most = stride(from: repeats, to: set.source.rows.count, by: FeatureSchema.count)
            .map { set.source.rows[$0] }.max()
        #expect(set.source.count > Trainer.fewestWindows)
        #expect(most == 0)
        #expect(set.leftOut.quarantined > 0)
    }
}
