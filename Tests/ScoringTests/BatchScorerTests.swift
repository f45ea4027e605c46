import Models
import Scoring
import Testing

@Suite struct BatchScorerTests {
    /// Layers of random sizes; weights at the ends of their range in every fourth network.
    private func network(_ random: inout SeededGenerator) -> Autoencoder? {
        func below(_ limit: UInt64) -> Int { Int(random.next() % limit) }
        let isExtreme = below(4) == 0
        let width = 1 + below(150)
        let sizes = [width] + (0..<below(4)).map { _ in 1 + below(70) } + [width]
        let reach = isExtreme ? UInt64(1) << 24 : 200_000
        let layers = zip(sizes, sizes.dropFirst()).map { inputs, outputs in
            IntegerLayer(
                inputs: inputs, outputs: outputs,
                weights: (0..<inputs * outputs).map { _ in
                    isExtreme
                        ? [-128, 127, 0][below(3)] : Int8(truncatingIfNeeded: random.next())
                },
                biases: (0..<outputs).map { _ in
                    isExtreme ? [-1 << 28, 1 << 28, 0][below(3)] : Int32(below(60_000)) - 30_000
                },
                multipliers: (0..<outputs).map { _ in Int32(below(reach)) - Int32(reach / 8) })
        }
        guard layers.allSatisfy({ $0 != nil }) else { return nil }
        return Autoencoder(
            layers: layers.compactMap(\.self),
            errorScales: (0..<width).map { _ in
                [0, 1, 900, 41_282, 480 << 16, .max, Int32(below(1 << 20))][below(7)]
            })
    }

    @Test(
        "every set of instructions gives the bits of the plain way, for any network and rows",
        arguments: Instructions.allCases.filter(\.isSupported))
    func bits(instructions: Instructions) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var networks = 0
        while networks < 60 {
            guard let network = network(&random) else { continue }
            networks += 1
            let scorer = BatchScorer(network, instructions: instructions)
            let count = Int(random.next() % 40)
            let rows = (0..<count * network.width).map { _ in
                let number = random.next()
                return number % 3 == 0
                    ? [-128, -127, 0, 127][Int(number / 3 % 4)] : Int8(truncatingIfNeeded: number >> 8)
            }
            #expect(scorer.scores(of: rows) == network.scores(of: rows), "network \(networks)")
        }
    }

    @Test("a layer as wide as can be")
    func wide() throws {
        let width = 4096
        let layer = try #require(
            IntegerLayer(
                inputs: width, outputs: width, weights: Array(repeating: -128, count: width * width),
                biases: Array(repeating: 1 << 26, count: width),
                multipliers: Array(repeating: 1 << 20, count: width)))
        let network = try #require(
            Autoencoder(layers: [layer], errorScales: Array(repeating: 3, count: width)))
        let rows = (0..<2 * width).map { Int8(truncatingIfNeeded: $0) }
        #expect(BatchScorer(network).scores(of: rows) == network.scores(of: rows))
    }

    @Test("this processor has at least the portable way, and no rows have no scores")
    func nothing() throws {
        #expect(Instructions.portable.isSupported)
        #expect(Instructions.best.isSupported)
        let layer = IntegerLayer(inputs: 1, outputs: 1, weights: [1], biases: [0], multipliers: [1])
        let network = try #require(Autoencoder(layers: [layer].compactMap(\.self), errorScales: [1]))
        #expect(BatchScorer(network).scores(of: []) == [])
    }
}
