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

    @Test(
        "one source amid a crowd is its own doing, whatever it sends: nothing is held against the server",
        arguments: [true, false],
        [
            (rate: 300, strangers: 30, isScan: true, isAnswered: true), (1_000, 60, true, true),
            (300, 13, true, false), (1_000, 60, true, false), (5_000, 60, false, false),
            (300, 30, false, false),
        ])
    func sourceAmidCrowd(
        isIPv4: Bool, attack: (rate: Int, strangers: Int, isScan: Bool, isAnswered: Bool)
    ) throws {
        let server = host(isIPv4 ? "10.0.0.80" : "2001:db8:a::80")
        var script = everyday(6)
        for number in 0..<200 {
            let stranger = number % attack.strangers
            script.connection(
                at: 2 + Double(number) / 100,
                host(isIPv4 ? "198.51.100.\(stranger)" : "2001:db8:b:\(stranger)::1"),
                UInt16(20_000 + number), server, 8_080)
        }
        for number in 0..<2 * attack.rate {
            let time = 3.8 + Double(number) / Double(attack.rate)
            let port = UInt16(attack.isScan ? 1 + number : 8_080)
            // Whoever has a /64 has every address in it.
            let source = host(
                isIPv4 ? "203.0.113.66" : "2001:db8:c:6::\(attack.isScan ? 1 + number % 999 : 1)")
            script.packet(at: time, source, 40_000, server, port, .tcp, length: 74, flags: .syn)
            guard attack.isAnswered else { continue }
            script.packet(
                at: time + 0.0002, server, port, source, 40_000, .tcp, length: 54, flags: [.rst, .ack])
        }
        let blocks = observe(script.readings(until: 6), by: try detector()).filter { $0.tier == .block }
        let prefix = isIPv4 ? Prefix(host("203.0.113.66")) : Prefix(host("2001:db8:c:6::"), length: 64)
        #expect(Set(blocks.map(\.entity)) == [Entity(view: .source, prefix: prefix)])
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
