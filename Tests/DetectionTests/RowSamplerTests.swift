import Testing
import Traffic

@testable import Detection
@testable import Features

/// What becomes of windows that are taken to learn from.
@Suite struct RowSamplerTests {
    private static let width = FeatureSchema.count
    private let start = Timestamp(seconds: 1_700_000_000)

    private func window(_ slot: Int, serial: UInt32 = 1) -> Window {
        Window(
            entity: Entity(view: .source, prefix: Prefix(Address(ipv4: UInt32(slot)))), slot: slot,
            serial: serial, packets: 2, bytes: 2, evidence: Evidence())
    }

    /// A second's window of an entity, whose number stands in every feature.
    private func offer(_ slot: Int, serial: UInt32 = 1, second: Int, to sampler: inout RowSampler) {
        let (window, now) = (window(slot, serial: serial), start + .seconds(second))
        guard sampler.isDue(window, now: now) else { return }
        sampler.take([Float](repeating: Float(slot), count: Self.width)[...], of: window, now: now)
    }

    private func rows(of slot: Int, in sampler: RowSampler) -> Int {
        stride(from: 0, to: sampler.rows.count, by: Self.width).count { sampler.rows[$0] == Float(slot) }
    }

    @Test(
        "one entity gets 1 % of the rows at most, however long it talks: machines and poisoners do not outvote the rest"
    )
    func share() {
        var sampler = RowSampler(limit: 20_000)
        for second in 0..<1_000 {
            offer(1, second: second, to: &sampler)
            // Each of these is there for a few seconds.
            for number in 0..<5 { offer(10 + second / 4 * 5 + number, second: second, to: &sampler) }
        }
        #expect(rows(of: 1, in: sampler) == 200)
        #expect(sampler.rows.count / Self.width == 200 + 5_000)
        #expect(sampler.leftOut.beyondShare == 800 && sampler.leftOut.quarantined == 0)
        // What it does is counted as offered, since thresholds follow from how many windows there are.
        #expect(sampler.offered == 6_000)
    }

    @Test("the share holds when rows give way to others, and counts what is left of an entity")
    func shareInFullSampler() {
        var sampler = RowSampler(limit: 10_000)
        for second in 0..<400 {
            for number in 0..<100 { offer(100 + number, second: second, to: &sampler) }
            offer(1, second: second, to: &sampler)
        }
        #expect(sampler.rows.count / Self.width == 10_000)
        let counts = [1] + (100..<200)
        #expect(counts.allSatisfy { rows(of: $0, in: sampler) <= 100 })
        // The hundred of it that were taken first have partly given way, and others of it may come.
        #expect(rows(of: 1, in: sampler) > 0)
    }

    @Test(
        "in a small sampler a hundred rows of one entity are allowed, and a new one in its slot starts anew")
    func slots() {
        var sampler = RowSampler(limit: 500)
        for second in 0..<150 { offer(1, second: second, to: &sampler) }
        #expect(rows(of: 1, in: sampler) == 100)
        for second in 150..<200 { offer(1, serial: 2, second: second, to: &sampler) }
        #expect(rows(of: 1, in: sampler) == 150)
    }

    @Test("a full sampler represents all times alike")
    func reservoir() {
        var sampler = RowSampler(limit: 1_000)
        for second in 0..<100 {
            for number in 0..<100 { offer(second * 100 + number, second: second, to: &sampler) }
        }
        #expect(sampler.rows.count / Self.width == 1_000 && sampler.offered == 10_000)
        let old = stride(from: 0, to: sampler.rows.count, by: Self.width).count { sampler.rows[$0] < 5_000 }
        // Half, within four deviations of a fair draw.
        #expect(abs(old - 500) < 64, "\(old)")
    }

    @Test("a row a second is taken of each entity, and nothing for ten minutes from one in disrepute")
    func pace() {
        var sampler = RowSampler(limit: 500)
        for tenth in 0..<30 {
            let now = start + .milliseconds(100 * tenth)
            guard sampler.isDue(window(1), now: now) else { continue }
            sampler.take([Float](repeating: 1, count: Self.width)[...], of: window(1), now: now)
        }
        #expect(rows(of: 1, in: sampler) == 4)
        sampler.bar(window(1), now: start + .seconds(3))
        #expect(rows(of: 1, in: sampler) == 0)
        #expect(sampler.leftOut.quarantined == 4)
        for second in [10, 600, 602, 604] { offer(1, second: second, to: &sampler) }
        #expect(rows(of: 1, in: sampler) == 1)
        #expect(sampler.leftOut.quarantined == 7 && sampler.leftOut.beyondShare == 0)
        #expect(sampler.rows(olderThan: .seconds(60), at: start + .seconds(610)).isEmpty)
    }
}
