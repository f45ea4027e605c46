import Models
import Testing

@Suite struct AutoencoderTests {
    /// A small network with fixed weights.
    private func fixed() throws -> Autoencoder {
        var random = SeededGenerator(seed: 42)
        func layer(_ inputs: Int, _ outputs: Int) -> IntegerLayer? {
            IntegerLayer(
                inputs: inputs, outputs: outputs,
                weights: (0..<inputs * outputs).map { _ in Int8(truncatingIfNeeded: random.next()) },
                biases: (0..<outputs).map { _ in Int32(truncatingIfNeeded: random.next() % 2_000) - 1_000 },
                multipliers: (0..<outputs).map { _ in
                    Int32(truncatingIfNeeded: random.next() % 400_000) + 100_000
                })
        }
        let layers = try [layer(6, 4), layer(4, 3), layer(3, 6)].map { try #require($0) }
        return try #require(Autoencoder(layers: layers, errorScales: [900, 4_000, 41_282, 0, 20_000, 7]))
    }

    @Test("fixed rows have the same scores on every machine")
    func golden() throws {
        var random = SeededGenerator(seed: 7)
        let rows = (0..<5 * 6).map { _ in Int8(truncatingIfNeeded: random.next()) }
        let scores = try fixed().scores(of: rows)
        #expect(scores == Self.goldenScores, "\(scores)")
    }

    static let goldenScores: [Int32] = [30_667, 235_912, 230_139, 435_757, 339_506]

    @Test("parts that do not fit together make no network")
    func misfits() {
        #expect(
            IntegerLayer(inputs: 2, outputs: 2, weights: [1, 2, 3], biases: [0, 0], multipliers: [1, 1])
                == nil)
        #expect(IntegerLayer(inputs: 1, outputs: 1, weights: [1], biases: [.max], multipliers: [1]) == nil)
        let layer = IntegerLayer(inputs: 2, outputs: 1, weights: [1, 2], biases: [0], multipliers: [1])
        #expect(Autoencoder(layers: [layer].compactMap(\.self), errorScales: [1, 1]) == nil)
    }

    /// Rows on a line in eight dimensions, with a little noise.
    private func line(_ count: Int, seed: UInt64) -> [Int8] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).flatMap { _ in
            let place = random.normal() * 20
            return (0..<8).map { index in
                let value = place * (index.isMultiple(of: 2) ? 1 : -1) + random.normal() * 2
                return Int8(max(-127, min(127, value.rounded())))
            }
        }
    }

    @Test("training tells rows like those learned from others, and repeats itself")
    func training() {
        var training = AutoencoderTraining(rows: line(600, seed: 1), width: 8, seed: 3)
        let model = training.run(steps: 400)
        var again = AutoencoderTraining(rows: line(600, seed: 1), width: 8, seed: 3)
        #expect(again.run(steps: 400) == model)
        let usual = model.scores(of: line(200, seed: 2)).sorted()
        let odd = model.scores(of: [40, 40, 40, 40, 40, 40, 40, 40])
        #expect(odd[0] > usual[197])
    }
}
