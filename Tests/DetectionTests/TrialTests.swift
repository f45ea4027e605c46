import Features
import Models
import Testing
import Traffic

@testable import Detection

/// A model on probation, and the windows it was trained on.
@Suite struct TrialTests {
    private func detector(_ configure: (inout DetectionConfiguration) -> Void) throws -> Detector {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .seconds(30)
        configuration.trialDuration = .seconds(10)
        configuration.accepted.perDay = 1
        configure(&configuration)
        return Detector(configuration: configuration, shippedModel: try .embedded())
    }

    private func everyday(_ seconds: Double) -> ScriptedTraffic {
        var traffic = ScriptedTraffic()
        Customer.browser.write(&traffic, seconds)
        Customer.resolver.write(&traffic, seconds)
        return traffic
    }

    private func windows(_ traffic: ScriptedTraffic) throws -> TrainingSet {
        let detector = try detector { _ in }
        for reading in traffic.readings(until: 30) { _ = detector.observe(reading) }
        var set = try #require(detector.trainingSet())
        // As if it had been half an hour: alerts by score take a quarter of one.
        set.learned = .seconds(1_800)
        return set
    }

    /// Lets a detector with `champion` judge everyday traffic while `challenger` is on trial.
    private func trial(of challenger: SiteModel, beside champion: SiteModel) throws -> Detector {
        let detector = try detector { _ in }
        detector.adopt(champion)
        detector.challenge(with: challenger)
        for reading in everyday(12).readings(until: 12) { _ = detector.observe(reading) }
        return detector
    }

    @Test("a model that raises no more alarms than the one in use passes")
    func passes() throws {
        let model = try Trainer.train(try windows(everyday(30)), seed: 1, steps: 60)
        let detector = try trial(of: model, beside: model)
        #expect(detector.lives[0].trial?.outcome == .passed)
        #expect(detector.lives[0].trial?.alarms == detector.lives[0].trial?.championAlarms)
    }

    @Test("a trial that is not over has no outcome")
    func running() throws {
        let model = try Trainer.train(try windows(everyday(30)), seed: 1, steps: 10)
        let detector = try detector { $0.trialDuration = .seconds(24) }
        detector.adopt(model)
        detector.challenge(with: model)
        for reading in everyday(12).readings(until: 12) { _ = detector.observe(reading) }
        #expect(detector.lives[0].trial?.outcome == .running(0.5))
    }

    @Test("more alarms than accepted, and than the model in use raised, fail it")
    func fails() throws {
        let model = try Trainer.train(try windows(everyday(30)), seed: 1, steps: 10)
        let detector = try detector { $0.trialDuration = .seconds(1) }
        detector.challenge(with: model)
        var trial = try #require(detector.lives[0].trial)
        trial.alarms = 5
        trial.championAlarms = 2
        let nothing = (source: WindowBatch(), destination: WindowBatch())
        let second = Timestamp(seconds: 1_700_000_000)
        let reading = Reading(start: second, end: second + .seconds(1), samples: [], totals: Totals())
        trial.observe(nothing, seesBothWays: true, of: reading, championAlarms: 0)
        #expect(
            trial.outcome == .failed("5 alarms without evidence in its trial; the model in use raised 2"))
        trial.championAlarms = 5
        #expect(trial.outcome == .passed)
    }

    @Test("after a first model, windows for the next one are collected over and over")
    func retrains() throws {
        let detector = try detector { $0.retrainInterval = .seconds(5) }
        detector.adopt(try Trainer.train(try windows(everyday(30)), seed: 1, steps: 10))
        #expect(!detector.lives[0].isReadyToRetrain)
        for reading in everyday(6).readings(until: 6) { _ = detector.observe(reading) }
        #expect(detector.lives[0].isReadyToRetrain && detector.phase == .watching)
        detector.learnAnew()
        #expect(!detector.lives[0].isReadyToRetrain)
    }

    @Test("two models are compared by what is usual for each")
    func differences() throws {
        let model = try Trainer.train(try windows(everyday(30)), seed: 1, steps: 10)
        #expect(model.differences(from: model).allSatisfy { $0.shift == 0 })
        var busier = everyday(30)
        for _ in 0..<3 { busier.append(everyday(30), at: 0.01) }
        let other = try Trainer.train(try windows(busier), seed: 1, steps: 10)
        let differences = other.differences(from: model)
        #expect(differences.count == 2 * FeatureSchema.count)
        let packets = try #require(differences.first { $0.view == .source && $0.feature == "packets" })
        #expect(packets.after > packets.before && packets.shift > 0)
        #expect(abs(differences[0].shift) >= abs(packets.shift))
    }

    @Test("recorded windows survive being written and read, and several are one")
    func recordings() throws {
        let shipped = try ShippedModel.embedded()
        let set = try windows(everyday(30))
        let again = try TrainingSet(file: ModelFile(set.file.bytes), shipped: shipped)
        #expect(again.source.rows == set.source.rows && again.destination.rows == set.destination.rows)
        #expect(again.learned == set.learned && again.windowsPerHour == set.windowsPerHour)

        let one = TrainingSet(merging: [set, again], maximumRows: 1_000_000, shipped: shipped)
        #expect(one.source.count == 2 * set.source.count)
        #expect(one.learned == .seconds(3_600) && one.windowsPerHour == set.windowsPerHour)
        let fewer = TrainingSet(merging: [set, again], maximumRows: 20, shipped: shipped)
        #expect(fewer.source.count == 20 && fewer.destination.count == 20)

        var foreign = set.file
        foreign.metadata["schema"] = "12-abc"
        #expect(throws: ModelFileError.self) { try TrainingSet(file: foreign, shipped: shipped) }
    }
}
