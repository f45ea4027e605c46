import Foundation
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

    /// Reference 0.1 in each of ten bins; now half is in the first and half in the last.
    @Test(
        "the index is the sum over bins of (now - then) * ln(now / then), and an empty bin does not make it infinite"
    )
    func index() throws {
        let reference = Reference(
            of: (0..<1_000).flatMap { row in
                [Float(row)] + [Float](repeating: 0, count: Self.width - 1)
            })
        var population = Population(reference)
        let now = (0..<600).flatMap { row in
            [Float(row % 2 == 0 ? 0 : 999)] + [Float](repeating: 0, count: Self.width - 1)
        }
        population.add(batch(now), at: Timestamp(nanoseconds: 0))
        let index = try #require(population.stability)[0]
        let expected = 2 * (0.5 - 0.1) * log(0.5 / 0.1) + 8 * (0.001 - 0.1) * log(0.001 / 0.1)
        #expect(abs(Double(index) - expected) < 0.02, "\(index) \(expected)")
        // A second more, not five readings of it: windows overlap.
        population.add(batch(rows(600, shift: 2_000, seed: 1)), at: Timestamp(nanoseconds: 200_000_000))
        #expect(population.stability?[0] == index)
    }

    @Test("what a population was like fades from hour to hour, and a pause of a night wipes nothing out")
    func memory() throws {
        var population = Population(Reference(of: rows(5_000, seed: 1)))
        func add(_ windows: Int, shift: Float, second: Int64) {
            population.add(
                batch(rows(windows, shift: shift, seed: UInt64(second + 2))),
                at: Timestamp(nanoseconds: second * 1_000_000_000))
        }
        add(1_000, shift: 5, second: 0)
        var last = try #require(population.stability)[0]
        #expect(last > 1)
        for hour in 0..<5 {
            for minute in 1...60 { add(100, shift: 0, second: Int64(hour * 3_600 + minute * 60)) }
            let now = try #require(population.stability)[0]
            #expect(now < last * 0.8, "hour \(hour)")
            last = now
        }
        #expect(last < 0.1)
        add(0, shift: 0, second: 20 * 3_600)
        #expect(try abs(#require(population.stability)[0] - last) < 0.001)
    }

    @Test("a shift of the scores is told once, when it has lasted for an hour, and again after it has gone")
    func warning() throws {
        var drift = Drift(.source, of: "guests", from: try site())
        var random = SeededGenerator(seed: 4)
        var told: [(minute: Int, report: DriftReport)] = []
        for minute in 0..<900 {
            // Risen from the 60th to the 300th minute, and again from the 600th on.
            let isRisen = (60..<300).contains(minute) || minute >= 600
            for second in 0..<60 {
                drift.add(score: Double.random(in: 0..<1, using: &random) + (isRisen ? 0.5 : 0))
                let now = Timestamp(nanoseconds: Int64(minute * 60 + second) * 1_000_000_000)
                let shown = second == 0 ? batch(rows(20, shift: 0.5, seed: UInt64(minute))) : WindowBatch()
                if let report = drift.pass(shown, at: now) { told.append((minute, report)) }
            }
        }
        #expect(told.map(\.minute).count == 2, "\(told.map(\.minute))")
        #expect((118...130).contains(told[0].minute) && (658...670).contains(told[1].minute))
        let report = told[0].report
        #expect(report.scoreShift >= 1 && report.since != nil && report.group == "guests")
        #expect(report.features.first?.index ?? 0 > 0.25)
        #expect(
            report.sentence.hasPrefix(
                "the source windows of the policy group guests are no longer what the model has learned; what moved most: packets ("
            ))
    }

    @Test("one wild minute is no shift, however wild, nor is a score that sinks")
    func outliers() {
        var shift = ScoreShift()
        var random = SeededGenerator(seed: 5)
        var now = Timestamp(nanoseconds: 0)
        for minute in 0..<240 {
            for second in 0..<60 {
                let usual = Double.random(in: 0..<1, using: &random)
                shift.add(minute == 100 && second < 2 ? 1e9 : minute > 150 ? usual / 2 : usual)
                now = now + .seconds(1)
                shift.pass(now)
            }
            #expect(shift.excess < 1, "minute \(minute)")
        }
        #expect(shift.since == nil)
    }

    /// A view whose first feature was spread over 0..<1.
    private func site() throws -> SiteModel.View {
        var set = TrainingSet(joining: [], shipped: try .embedded())
        let rows = rows(300, seed: 1)
        for start in stride(from: 0, to: rows.count, by: Self.width) {
            for view in Entity.View.allCases {
                set.add(Array(rows[start..<start + Self.width]), of: view, isAttack: false)
            }
        }
        return try Trainer.train(set, kind: .kmeans, seed: 1).source
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
