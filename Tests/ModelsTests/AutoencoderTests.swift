import Models
import Testing

@Suite struct AutoencoderTests {
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
