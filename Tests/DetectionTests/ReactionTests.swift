import Detection
import Features
import Testing
import Traffic

/// What the detector does in the first minute of its life: attacks of common tools, and people who are none.
@Suite struct ReactionTests {
    private func observe(_ readings: [Reading], by detector: Detector) -> [Verdict] {
        readings.flatMap { detector.observe($0).verdicts }
    }

    private func detector(learning: Duration = .zero) throws -> Detector {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = learning
        return Detector(configuration: configuration, shippedModel: try .embedded())
    }

    /// Everyday traffic beside the attack, so that answers are seen.
    private func everyday(_ seconds: Double) -> ScriptedTraffic {
        var script = ScriptedTraffic()
        Customer.requests(perSecond: 20).write(&script, seconds)
        return script
    }

    @Test("a detector that has learned nothing blocks it in time", arguments: TimedAttack.all)
    func coldStart(timed: TimedAttack) throws {
        let attack = timed.attack
        for wait in [0.0, 3.0] {
            let detector = try detector()
            var script = everyday(wait + attack.length)
            script.append(attack.traffic, at: wait)
            let verdicts = observe(script.readings(until: wait + attack.length), by: detector)
            let blocks = verdicts.filter { $0.entity == attack.entity && $0.tier == .block }
            let first = try #require(blocks.first, "\(wait) s after start: \(verdicts.map(\.summary))")
            let delay = first.time.seconds - Double(ScriptedTraffic.origin) / 1e9 - wait
            #expect(delay <= timed.within + 0.001, "\(wait) s after start: \(delay) s, \(first.summary)")
            #expect(!first.features.isEmpty)
            let blamed = verdicts.filter { verdict in
                verdict.entity.view == .source
                    && attack.victims.contains { verdict.entity.prefix.contains($0) }
            }
            #expect(blamed.isEmpty, "a victim that answers was blamed: \(blamed.map(\.summary))")
        }
    }

    @Test("a scan amid a crowd is its source's doing: nothing is held against the server")
    func scanAmidCrowd() throws {
        let (scanner, server) = (CanaryAttack.attacker, CanaryAttack.victim)
        var script = everyday(6)
        for number in 0..<100 {
            let stranger = Address(ipv4: 0xC633_6400 + 100 + UInt32(number % 30))
            script.connection(at: 2 + Double(number) / 50, stranger, UInt16(20_000 + number), server, 8_080)
        }
        for port in 1...600 {
            let time = 3.8 + Double(port) / 300
            script.packet(at: time, scanner, 40_000, server, UInt16(port), .tcp, length: 60, flags: .syn)
            script.packet(
                at: time + 0.0002, server, UInt16(port), scanner, 40_000, .tcp, length: 54,
                flags: [.rst, .ack])
        }
        let blocks = observe(script.readings(until: 6), by: try detector()).filter { $0.tier == .block }
        #expect(Set(blocks.map(\.entity)) == [Entity(view: .source, prefix: Prefix(scanner))])
    }

    @Test("a detector that has learned nothing blocks nobody of these", arguments: Customer.all)
    func innocentAtColdStart(customer: Customer) throws {
        var script = ScriptedTraffic()
        customer.write(&script, 12)
        let verdicts = observe(script.readings(until: 12), by: try detector())
        #expect(verdicts.filter { $0.tier == .block }.map(\.summary) == [])
    }

    @Test("after 40 s of learning everyday traffic it blocks nobody of these", arguments: Customer.all)
    func innocentAfterLearning(customer: Customer) throws {
        let detector = try detector(learning: .seconds(40))
        var script = everyday(52)
        Customer.browser.write(&script, 52)
        var later = ScriptedTraffic()
        customer.write(&later, 10)
        script.append(later, at: 41)
        var verdicts: [Verdict] = []
        for reading in script.readings(until: 52) {
            verdicts += detector.observe(reading).verdicts
            if detector.phase == .readyToTrain, let set = detector.trainingSet() {
                detector.adopt(try Trainer.train(set, seed: 1, steps: 60))
            }
        }
        #expect(detector.phase == .watching)
        #expect(verdicts.filter { $0.tier == .block }.map(\.summary) == [])
    }

    @Test("the same readings give the same verdicts")
    func deterministic() throws {
        var script = everyday(6)
        script.append(CanaryAttack.fastScan.traffic, at: 3)
        let readings = script.readings(until: 6)
        let first = observe(readings, by: try detector())
        let second = observe(readings, by: try detector())
        #expect(!first.isEmpty)
        #expect(first == second)
    }

    @Test("a verdict is not repeated within the interval")
    func suppression() throws {
        let script = CanaryAttack.synFlood(rate: 5_000).traffic
        var long = ScriptedTraffic()
        for round in 0..<4 { long.append(script, at: Double(round) * 0.8) }
        let verdicts = observe(long.readings(until: 3.2), by: try detector())
        let blocks = verdicts.filter {
            $0.entity == Entity(view: .source, prefix: Prefix(CanaryAttack.attacker)) && $0.tier == .block
        }
        #expect(blocks.count == 1)
    }

    @Test("where one direction is seen only, nobody is blamed for missing answers")
    func oneDirection() throws {
        var script = ScriptedTraffic()
        Customer.busyServer.write(&script, 10)
        Customer.resolver.write(&script, 10)
        let server = host("10.0.0.80")
        let readings = script.readings(until: 10).map { reading in
            var half = reading
            half.samples.removeAll { $0.key.source == server }
            return half
        }
        let detector = try detector()
        #expect(observe(readings, by: detector).filter { $0.tier == .block }.map(\.summary) == [])
        #expect(!detector.seesBothWays)
    }
}
