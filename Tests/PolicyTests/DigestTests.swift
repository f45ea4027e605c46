import Detection
import Policy
import Testing
import Traffic

@Suite("What is told one by one, and what is summed up")
struct DigestTests {
    private static let target = Target(address: Address(ipv4: 0x0A14_0002), protocol: .udp, port: 53)

    /// A policy whose events go through a digest, as the agent's.
    private struct Told {
        var scenario = Scenario()
        var digest = Digest()
        var told: [Event] = []
        var counted: [Event] = []

        mutating func sort() {
            let new = Array(scenario.events.dropFirst(told.count + counted.count))
            let (told, counted) = digest.sort(new, at: scenario.now)
            self.told += told
            self.counted += counted
        }

        mutating func decide(_ verdicts: Verdict...) {
            for verdict in verdicts { scenario.decide(verdict) }
            sort()
        }

        var sums: [Digest.Sum] {
            mutating get {
                digest.sums(at: scenario.now).compactMap {
                    if case .summed(let sum) = $0 { sum } else { nil }
                }
            }
        }
    }

    private func forged(_ number: Int, on target: Target = target, reason: String = "volume") throws
        -> Verdict
    {
        var verdict = try Verdict.of(
            "172.\(number / 250).\(number % 250).1", target: target, isTwoWay: false)
        verdict.reason = reason
        return verdict
    }

    @Test("What there is little of is told, each with its beginning and its end")
    func little() throws {
        var run = Told()
        for number in 0..<20 { run.decide(try forged(number), try .of("192.0.\(number).1")) }
        run.scenario.wait(.seconds(700), step: .seconds(1))
        run.sort()
        #expect(run.counted.isEmpty && run.told == run.scenario.events && run.sums.isEmpty)
        #expect(run.scenario.endings.count == 40)
    }

    @Test(
        "Of ten thousand names a handful is told, and one sum a minute says how many more there were, and of what"
    )
    func flood() throws {
        var run = Told()
        for number in 0..<10_000 {
            run.decide(try forged(number))
            run.scenario.now = run.scenario.now + .milliseconds(5)
        }
        let all = run.scenario.events.count
        #expect(run.told.count + run.counted.count == all && all > 10_000)
        #expect(run.told.count < 200)
        let sums = run.sums
        let service = Rule.Scope(destination: Self.target.address, protocol: .udp, port: 53)
        #expect(sums.map(\.kind) == [.alert] && sums.map(\.service) == [service])
        #expect(sums[0].count == run.counted.count && sums[0].reason == "volume")
        #expect(
            sums[0].sentence == "\(sums[0].count) more: volume, at 10.20.0.2 udp port 53, within a minute")
        // Nothing is said twice, and the next minute has a sum of its own.
        #expect(run.sums.isEmpty)
        run.decide(try forged(20_000))
        #expect(run.sums.isEmpty)
        run.scenario.now = run.scenario.now + .seconds(60)
        for number in 30_000..<30_200 { run.decide(try forged(number)) }
        #expect(run.sums.count == 1)
    }

    @Test(
        "A flood of borrowed names, of many causes at many services, keeps no proven ban and no operator untold"
    )
    func apart() throws {
        var run = Told()
        for number in 0..<5000 {
            let target = Target(
                address: Address(ipv4: 0x0A14_0000 + UInt32(number)), protocol: .tcp, port: nil)
            run.decide(try forged(number, on: target, reason: ["scan", "volume", "failure"][number % 3]))
        }
        let before = run.told.count
        #expect(before < 400)
        run.decide(try .of("192.0.2.1"))
        try run.scenario.ban("192.0.2.2")
        run.scenario.apply(run.scenario.policy.setMode(.limit))
        run.sort()
        #expect(run.told.count == before + 4, "alert, ban, ban by hand, mode")
        let sums = run.sums
        // Services beyond a bound share one for each cause.
        #expect(sums.count <= 32 + 12 && sums.contains { $0.service == nil })
        #expect(sums.reduce(0) { $0 + $1.count } == run.counted.count)
    }

    @Test("The end of what was told is told, that of what was counted is counted, with what it had dropped")
    func ends() throws {
        var run = Told()
        for number in 0..<1000 {
            let address = Address(ipv4: 0x0A14_0000 + UInt32(number))
            run.decide(try forged(number, on: Target(address: address, protocol: .tcp, port: nil)))
        }
        _ = run.sums
        func begun(_ events: [Event]) -> Set<UInt32> {
            Set(events.compactMap { if case .imposed(let sanction) = $0 { sanction.rule.id } else { nil } })
        }
        let (told, counted) = (begun(run.told), begun(run.counted))
        #expect(!told.isEmpty && counted.count > 800)
        // Each of them drops a packet every second, until minute nine.
        run.scenario.wait(.seconds(540), step: .seconds(1), hits: Array(run.scenario.installed.keys))
        run.scenario.wait(.seconds(800), step: .seconds(1))
        run.sort()
        func ended(_ events: [Event]) -> Set<UInt32> {
            Set(events.compactMap { if case .ended(let sanction, _) = $0 { sanction.rule.id } else { nil } })
        }
        #expect(ended(run.told).isSuperset(of: told) && ended(run.told).count < 200)
        #expect(ended(run.told).union(ended(run.counted)) == told.union(counted))
        let ends = run.sums.filter { $0.kind == .end }
        #expect(ends.reduce(0) { $0 + $1.count } == ended(run.counted).count)
        #expect(ends.reduce(0) { $0 + $1.dropped.packets } == UInt64(ended(run.counted).count) * 540)
    }
}
