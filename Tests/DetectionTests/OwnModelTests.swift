import Features
import Models
import Testing
import Traffic

@testable import Detection

/// Policy groups with a model of their own: whose windows teach it, and whom it judges.
@Suite struct OwnModelTests {
    enum Family: CaseIterable { case ipv4, ipv6 }

    /// Six of the staff and six guests, each of whom has a server.
    private struct People {
        let staff, guests, desks, kiosks: [Address]
        private let network: Prefix

        init(_ family: Family) {
            func six(_ ipv4: String, _ ipv6: String) -> [Address] {
                (20..<26).map { host(family == .ipv4 ? "\(ipv4).\($0)" : "\(ipv6):\($0)::80") }
            }
            staff = six("192.168.1", "2001:db8:1")
            guests = six("192.168.9", "2001:db8:9")
            desks = six("10.0.0", "2001:db8:a")
            kiosks = six("10.0.9", "2001:db8:b")
            network = Prefix(kiosks[0], length: family == .ipv4 ? 24 : 48)
        }

        var staffsNetwork: Prefix { Prefix(desks[0], length: network.length) }

        /// A group around the guests' servers, or others.
        func grouping(protects other: Prefix? = nil, hasOwnModel: Bool = true) -> Grouping {
            Grouping([
                TrafficGroup(name: "guests", protects: [other ?? network], hasOwnModel: hasOwnModel)
            ])
        }

        /// A reading of requests for each second.
        func readings(until end: Double) -> [Reading] { requests(until: end).readings(every: 1, until: end) }

        /// Requests of both at the same moments, each within one reading, at no pace and of no length that repeats; of
        /// everybody at the end of every twentieth second.
        func requests(until end: Double) -> ScriptedTraffic {
            var script = ScriptedTraffic()
            var random = SeededGenerator(seed: 1)
            for number in 0..<Int(end * 5) {
                for person in staff.indices
                where Int.random(in: 0..<15, using: &random) == 0 || number % 100 == 99 {
                    for (client, server) in [(staff, desks), (guests, kiosks)] {
                        script.connection(
                            at: Double(number) / 5 + 0.05, client[person], UInt16(10_000 + number),
                            server[person], 443, request: UInt64.random(in: 100..<1_200, using: &random),
                            answers: Int.random(in: 1..<30, using: &random))
                    }
                }
            }
            return script
        }
    }

    private func detector(
        _ grouping: Grouping, learning duration: Duration = .seconds(200)
    ) throws -> Detector {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = duration
        configuration.retrainInterval = .seconds(200)
        configuration.trialDuration = .seconds(10)
        configuration.grouping = grouping
        return Detector(configuration: configuration, shippedModel: try .embedded())
    }

    /// Windows so far, of sources and destinations: for the group's own model, and for the shared one.
    private func counts(_ detector: Detector) throws -> (own: [Int], shared: [Int]) {
        let sets = try ["guests", nil].map { try #require(detector.trainingSet(of: $0)) }
        return (
            [sets[0].source.count, sets[0].destination.count],
            [sets[1].source.count, sets[1].destination.count]
        )
    }

    private func model(_ set: TrainingSet, windowsPerHour: Double = 3_600) throws -> SiteModel {
        var set = set
        // As if it had been half an hour: shorter learning has no say.
        (set.learned, set.windowsPerHour) = (.seconds(1_800), windowsPerHour)
        return try Trainer.train(set, seed: 1, steps: 10)
    }

    private func modelName(_ detector: Detector, _ view: Entity.View, _ address: Address) throws -> String {
        let prefix = view == .source && !address.isIPv4 ? Prefix(address, length: 64) : Prefix(address)
        return try #require(detector.report(on: Entity(view: view, prefix: prefix))).model
    }

    @Test(
        "a group's windows teach its own model, and the shared one only until its own judges",
        arguments: Family.allCases)
    func windows(family: Family) throws {
        let people = People(family)
        let detector = try detector(people.grouping())
        let readings = people.readings(until: 180)
        for reading in readings.prefix(120) { _ = detector.observe(reading) }
        let first = try counts(detector)
        // The guests' windows, and those of the servers that they ask; answers are in no group.
        for (own, shared) in zip(first.own, first.shared) {
            #expect((100...300).contains(own), "\(first)")
            #expect(shared == own * 4, "\(first)")
        }
        let set = try #require(detector.trainingSet(of: "guests"))
        // Of less than five minutes, so that it judges by the table and raises no alarms, which would bar entities.
        let own = try Trainer.train(set, seed: 1, steps: 10)
        #expect(own.name.hasPrefix("site-guests-120s-") && own.group == "guests")
        #expect(try SiteModel(file: ModelFile(own.file.bytes)).group == "guests")
        #expect(try TrainingSet(file: ModelFile(set.file.bytes), shipped: .embedded()).group == "guests")

        #expect(try !modelName(detector, .source, people.guests[0]).contains("site"))
        detector.adopt(own, in: "guests")
        #expect(detector.life(of: "guests")?.phase == .watching && detector.phase != .watching)
        for reading in readings[120...] { _ = detector.observe(reading) }
        for (address, view) in [(people.guests[1], Entity.View.source), (people.kiosks[1], .destination)] {
            #expect(try modelName(detector, view, address).hasSuffix(own.name))
        }
        for (address, view) in [(people.staff[1], Entity.View.source), (people.desks[1], .destination)] {
            #expect(try !modelName(detector, view, address).contains("site"))
        }
        // Beside one whose group never gets its own model, the shared one lacks what the own one has had since.
        let other = try self.detector(people.grouping())
        for reading in readings { _ = other.observe(reading) }
        let (later, without) = (try counts(detector), try counts(other))
        for place in 0...1 {
            #expect(later.own[place] > 50)
            #expect(abs(without.shared[place] - later.shared[place] - later.own[place]) <= 12)
        }
    }

    @Test("an entity that there is something to say of teaches no model, wherever it was seen")
    func quarantine() throws {
        let people = People(.ipv4)
        let guesser = host("198.51.100.9")
        var script = people.requests(until: 60)
        for number in 0..<60 {
            // Business with the guests' server, and then passwords guessed at the other one.
            if number < 30 {
                script.connection(at: Double(number), guesser, UInt16(20_000 + number), people.kiosks[0], 443)
            } else {
                script.connection(at: Double(number), guesser, UInt16(20_000 + number), people.desks[0], 22)
            }
        }
        func learned(_ script: ScriptedTraffic) throws -> (own: [Int], shared: [Int], verdicts: Int) {
            let detector = try detector(people.grouping())
            var verdicts = 0
            for reading in script.readings(every: 1, until: 60) {
                verdicts += detector.observe(reading).verdicts.count
            }
            let counts = try counts(detector)
            return (counts.own, counts.shared, verdicts)
        }
        let (without, with) = (try learned(people.requests(until: 60)), try learned(script))
        #expect(without.verdicts == 0 && with.verdicts > 0)
        #expect(with.own[0] == without.own[0])
    }

    @Test(
        "a change of the configuration moves windows to another model; a group that is gone has none any more",
        arguments: Family.allCases)
    func regroups(family: Family) throws {
        let people = People(family)
        let detector = try detector(people.grouping())
        let readings = people.readings(until: 140)
        for reading in readings.prefix(40) { _ = detector.observe(reading) }
        let own = try model(try #require(detector.trainingSet()))
        detector.adopt(own, in: "guests")
        detector.challenge(with: own, in: "guests")
        func judges(from start: Int) throws -> [Bool] {
            for reading in readings[start..<start + 20] { _ = detector.observe(reading) }
            return try [people.staff[0], people.guests[0]].map {
                try modelName(detector, .source, $0).hasSuffix(own.name)
            }
        }
        #expect(try judges(from: 40) == [false, true])
        detector.regroup(AcceptedAlarms(), people.grouping(protects: people.staffsNetwork))
        #expect(try judges(from: 60) == [true, false])
        #expect(detector.life(of: "guests")?.trial?.passed == .seconds(40))

        detector.regroup(AcceptedAlarms(), people.grouping(hasOwnModel: false))
        #expect(detector.lives.map(\.group) == [nil] && detector.life(of: "guests") == nil)
        detector.adopt(own, in: "guests")
        #expect(try judges(from: 80) == [false, false])
        #expect(detector.alarmRates.map(\.group) == [nil, "guests"])
        // What was learned is the store's to bring back.
        detector.regroup(AcceptedAlarms(), people.grouping())
        #expect(detector.life(of: "guests")?.phase == .learning(0))
        #expect(try judges(from: 100) == [false, false])
        detector.regroup(AcceptedAlarms(), Grouping())
        #expect(try judges(from: 120) == [false, false])
        #expect(detector.drift.isEmpty)
    }

    @Test("a group's thresholds and drift are by its own model, and those of the rest by the shared one")
    func thresholds() throws {
        let people = People(.ipv4)
        let detector = try detector(people.grouping())
        let readings = people.readings(until: 60)
        for reading in readings.prefix(40) { _ = detector.observe(reading) }
        let set = try #require(detector.trainingSet())
        func threshold(_ address: Address) -> Double? {
            var last: Double?
            for reading in readings[40..<60] {
                for window in detector.observe(reading).windows
                where window.entity == Entity(view: .source, prefix: Prefix(address)) {
                    last = window.threshold
                }
            }
            return last
        }
        detector.adopt(try model(set))
        #expect(try #require(threshold(people.guests[0])) == #require(threshold(people.staff[0])))
        #expect(detector.drift.map(\.group) == [nil, nil])
        // Out of so many windows an hour, one alarm a day is far rarer.
        let own = try model(set, windowsPerHour: 3_600_000_000)
        detector.adopt(own, in: "guests")
        let guests = try #require(threshold(people.guests[0]))
        #expect(guests == Bars(site: own, view: .source, budget: AlarmBudget(acceptedPerDay: 24)).least)
        #expect(try guests > #require(threshold(people.staff[0])))
        #expect(detector.drift.map(\.group) == [nil, "guests", nil, "guests"])
        #expect(detector.drift[1].sentence.contains("windows of the policy group guests are no longer"))
    }

    @Test("a challenger judges the windows of its own group only, beside the one in use there")
    func trial() throws {
        let people = People(.ipv6)
        let detector = try detector(people.grouping())
        for reading in people.readings(until: 40) { _ = detector.observe(reading) }
        let model = try model(try #require(detector.trainingSet()))
        var view = ViewDetector(
            .source,
            configuration: {
                var configuration = DetectionConfiguration()
                configuration.grouping = people.grouping()
                return configuration
            }(), shipped: try .embedded(), site: nil)
        var builder = WindowBuilder()
        let readings = people.readings(until: 20)
        let batch = readings.map { builder.observe($0).source }.last ?? WindowBatch()
        // Before the group's own model, all is the shared one's.
        #expect(view.part(of: batch, judgedFor: nil).windows.count == 24)
        #expect(view.part(of: batch, judgedFor: "guests").windows.isEmpty)
        view.adopt(model, in: "guests")
        let own = view.part(of: batch, judgedFor: "guests")
        #expect(Set(own.windows.map(\.entity.prefix)) == Set(people.guests.map { Prefix($0, length: 64) }))
        let row = try #require(batch.windows.firstIndex { $0.entity == own.windows[0].entity })
        #expect(Array(own.features(of: 0)) == Array(batch.features(of: row)))
        #expect(view.part(of: batch, judgedFor: nil).windows.count == 18)
        #expect(view.accepted(by: nil) == 24 && view.accepted(by: "guests") == 24)

        detector.adopt(model)
        detector.challenge(with: model, in: "guests")
        #expect(detector.lives[0].trial == nil)
        for reading in people.readings(until: 10) { _ = detector.observe(reading) }
        #expect(detector.life(of: "guests")?.trial?.outcome == .passed)
        detector.endTrial(in: "guests")
        #expect(detector.life(of: "guests")?.trial == nil)

        // A challenger of the shared model's judges all, until the group gets its own.
        detector.challenge(with: model)
        func judged() -> [Bool] {
            for reading in readings.suffix(5) { _ = detector.observe(reading) }
            return [people.staff[0], people.guests[0]].map {
                let entity = Entity(view: .source, prefix: Prefix($0, length: 64))
                return detector.lives[0].trial?.source.report(on: entity) != nil
            }
        }
        #expect(judged() == [true, true])
        detector.adopt(model, in: "guests")
        #expect(judged() == [true, false])
    }

    @Test("what groups learn from is bounded: a third of what the shared model has")
    func bounds() throws {
        let lives = try detector(People(.ipv4).grouping()).lives
        #expect(lives.map(\.maximumRows) == [30_000, 10_000])
    }
}
