import Models
import Testing
import Traffic

@testable import Detection
@testable import Features

/// What is said of traffic that is no longer what was learned.
@Suite struct DriftTests {
    private static let width = FeatureSchema.count

    /// Rows whose first feature is evenly spread over 0..<1 plus `shift`; the others are zero.
    private func rows(_ count: Int, shift: Float = 0, seed: UInt64) -> [Float] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).flatMap { _ in
            [Float.random(in: 0..<1, using: &random) + shift] + [Float](repeating: 0, count: Self.width - 1)
        }
    }

    private func window() -> Window {
        Window(
            entity: Entity(view: .source, prefix: Prefix(Address(ipv4: 1))), slot: 0, serial: 1, packets: 2,
            bytes: 2, evidence: Evidence())
    }

    private func batch(_ rows: [Float]) -> WindowBatch {
        var batch = WindowBatch()
        for start in stride(from: 0, to: rows.count, by: Self.width) {
            batch.append(window(), rows[start..<start + Self.width])
        }
        return batch
    }

    @Test("the reference has a tenth of the windows in each bin, and all in one where all are alike")
    func reference() {
        let reference = Reference(of: rows(5_000, seed: 1))
        for share in reference.shares.prefix(Reference.bins) { #expect(abs(share - 0.1) < 0.005) }
        #expect(
            Array(reference.shares[Reference.bins..<2 * Reference.bins]) == [1]
                + [Float](repeating: 0, count: 9))
        let range = reference.range(of: 0)
        #expect(abs(range.low - 0.05) < 0.01 && abs(range.high - 0.95) < 0.01)
    }

    @Test("the population is stable while it is the same, and another one when it has moved")
    func stability() throws {
        let reference = Reference(of: rows(5_000, seed: 1))
        for (shift, isStable) in [(Float(0), true), (0.5, false)] {
            var population = Population(reference)
            #expect(population.stability == nil)
            for second in 0..<20 {
                population.add(
                    batch(rows(100, shift: shift, seed: UInt64(10 + second))),
                    at: Timestamp(nanoseconds: Int64(second) * 1_000_000_000))
            }
            let indices = try #require(population.stability)
            #expect(isStable ? indices[0] < 0.1 : indices[0] > 0.25)
            #expect(indices[1] == 0)
        }
    }

    @Test("scores that rise for good are told of; a wild hour's noise around the same mean is not")
    func scores() {
        for (rise, isShift) in [(0.0, false), (0.3, true)] {
            var random = SeededGenerator(seed: 3)
            var shift = ScoreShift()
            var now = Timestamp(nanoseconds: 0)
            for minute in 0..<240 {
                for _ in 0..<60 {
                    shift.add(Double.random(in: 0..<1, using: &random) + (minute >= 60 ? rise : 0))
                    now = now + .seconds(1)
                    shift.pass(now)
                }
            }
            #expect((shift.excess >= 1) == isShift, "\(shift.excess)")
            if isShift { #expect(abs((shift.since?.seconds ?? 0) - 3_600) < 300) }
        }
    }

    @Test(
        "with the values that the counterfactual names, the score is under the threshold: half of it, and an alert by lasting's",
        arguments: [nil, 1.2])
    func counterfactual(fixed: Double?) throws {
        let model = try ShippedModel.embedded()
        let opinions = Opinions(shipped: model.source, site: nil)
        let medians = model.source.scaler.medians
        var row = medians
        let leading = [Feature.newFlows, .sourcePorts, .newFlows10].map(\.rawValue)
        for feature in leading { row[feature] += 6 }
        func score(_ row: [Float]) throws -> Double { try #require(opinions.judge(batch(row)).first).score }
        let high = try score(row)
        let threshold = fixed ?? high / 2
        let bounds = Counterfactual(
            window: window(), opinions: opinions, usualScore: 0, threshold: threshold
        ).bounds(row, leading: leading, usual: medians)
        #expect(!bounds.isEmpty)
        var other = row
        for (feature, bound) in bounds {
            other[feature] = bound
            #expect(bound < row[feature] && bound >= medians[feature])
        }
        #expect(try score(other) < threshold)
    }

    @Test("a reference survives being written and read, and a damaged one is refused")
    func file() throws {
        let reference = Reference(of: rows(200, seed: 2))
        var file = ModelFile()
        reference.put(into: &file, prefix: "r.")
        #expect(try Reference(file, prefix: "r.") == reference)
        #expect(throws: ModelFileError.self) { try Reference(file, prefix: "other.") }
        file.set("r.shares", [Float(1)])
        #expect(throws: ModelFileError.self) { try Reference(file, prefix: "r.") }
    }
}
