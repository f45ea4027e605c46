import Models
import RealModule
import Testing

/// Integer scores beside the same arithmetic in floating point.
@Suite struct QuantizationTests {
    private func rows(_ count: Int, width: Int, seed: UInt64) -> TrainingRows {
        var random = SeededGenerator(seed: seed)
        return TrainingRows(
            (0..<count).flatMap { _ in
                let place = random.normal() * 30
                return (0..<width).map { feature in
                    Int8(
                        max(-127, min(127, (place * Float(feature % 3 - 1) + random.normal() * 6).rounded())))
                }
            }, width: width)
    }

    @Test("int8 components leave what exact ones leave, to a fiftieth of the row's length and a step")
    func components() {
        let rows = rows(300, width: 10, seed: 1)
        let model = PCAResidual.train(rows, seed: 1, steps: nil) { _ in }
        let axes = model.axes
        for (index, score) in model.scores(of: rows.values).enumerated() {
            let row = rows.values[index * 10..<(index + 1) * 10]
            var rest = zip(row, axes.means).map { Double($0) - Double($1) / 16 }
            let length = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // The int8 weights are exact to half of 1/127 of the largest; so they are made orthonormal again.
            var exact: [[Double]] = []
            for axis in 0..<axes.count {
                var vector = axes.weights[axis * 10..<(axis + 1) * 10].map { Double($0) }
                for other in exact {
                    let dot = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
                    vector = zip(vector, other).map { $0 - dot * $1 }
                }
                let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                exact.append(vector.map { $0 / norm })
            }
            for axis in exact {
                let dot = zip(rest, axis).reduce(0) { $0 + $1.0 * $1.1 }
                rest = zip(rest, axis).map { $0 - dot * $1 }
            }
            let residual = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(Double(score).squareRoot() - residual) <= length / 50 + 1)
        }
    }

    @Test(
        "the integer autoencoder computes what its numbers say in floating point, to a twentieth and a step")
    func autoencoder() {
        let rows = rows(100, width: 9, seed: 2)
        let model = Autoencoder.train(rows, seed: 1, steps: 100) { _ in }
        for (index, score) in model.scores(of: rows.values).enumerated() {
            let row = rows.values[index * 9..<(index + 1) * 9]
            var values = row.map { Double($0) }
            for (number, layer) in model.layers.enumerated() {
                values = (0..<layer.outputs).map { output in
                    var sum = Double(layer.biases[output])
                    for input in 0..<layer.inputs {
                        sum += Double(layer.weights[output * layer.inputs + input]) * values[input]
                    }
                    let x = sum * Double(layer.multipliers[output]) / 0x1p24
                    guard number < model.layers.count - 1 else { return x }
                    let cut = min(max(x, -256), 256)
                    return cut - cut * abs(cut) / 512
                }
            }
            let errors = zip(zip(row, values), model.errorScales).map { pair, scale in
                min(abs(Double(pair.0) * 16 - pair.1) * Double(scale) / 65_536, 480)
            }
            let exact = errors.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(Double(score).squareRoot() - exact) <= exact / 20 + 16)
        }
    }

    @Test("the integer support vector machine computes what its numbers say, to a hundredth of its range")
    func supportVectors() throws {
        let rows = rows(200, width: 9, seed: 5)
        let model = OneClassSVM.train(rows, seed: 1, steps: 2_000) { _ in }
        var file = ModelFile()
        model.put(into: &file, prefix: "")
        let frequencies: [Int8] = try file.integers("frequencies", as: .int8)
        let turns: [Int32] = try file.integers("turns", as: .int32)
        let weights: [Int8] = try file.integers("weights", as: .int8)
        let top: [Int32] = try file.integers("top", as: .int32)
        for (index, score) in model.scores(of: rows.values).enumerated() {
            let row = rows.values[index * 9..<(index + 1) * 9]
            var product = 0.0
            for (number, turn) in turns.enumerated() {
                var sum = 0.0
                for (feature, value) in row.enumerated() {
                    sum += Double(frequencies[number * 9 + feature]) * Double(value)
                }
                let angle: Double = 2 * Double.pi * sum * Double(turn) / 0x1p32
                product += Double(weights[number]) * Double.cos(angle) * 128
                product += Double(weights[number + turns.count]) * Double.sin(angle) * 128
            }
            let exact = max(0, 160_000 * (1 - product / Double(top[0])))
            #expect(abs(Double(score) - exact) <= 1_600)
        }
    }

    @Test("spectra fall, and add up to one")
    func spectrum() {
        let spectrum = PrincipalAxes.spectrum(of: rows(300, width: 10, seed: 3))
        #expect(spectrum == spectrum.sorted(by: >))
        #expect(abs(spectrum.reduce(0, +) - 1) < 1e-9)
        // One hidden place makes nearly all of it.
        #expect(spectrum[0] > 0.9)
    }

    @Test("the area under the ROC curve counts ties by half")
    func area() {
        #expect(Importance.area([1, 2, 3, 4], [false, false, true, true]) == 1)
        #expect(Importance.area([1, 1, 1, 1], [false, true, false, true]) == 0.5)
        #expect(Importance.area([4, 3, 2, 1], [false, false, true, true]) == 0)
        #expect(Importance.area([1, 2], [false, false]).isNaN)
    }

    @Test("shuffling a feature that the labels hang on costs the most")
    func importance() {
        var random = SeededGenerator(seed: 4)
        let good = (0..<200 * 4).map { _ in Int8((random.normal() * 10).rounded()) }
        let bad = (0..<100).flatMap { _ in
            (0..<4).map { $0 == 2 ? Int8(60) : Int8((random.normal() * 10).rounded()) }
        }
        let rows = TrainingRows(good, width: 4).with(attacks: bad)
        let trees = BoostedTrees.train(rows, seed: 1, steps: nil) { _ in }
        let losses = Importance.labelled(of: rows, seed: 1, scores: trees.scores)
        #expect(losses.max() == losses[2] && losses[2] > 0.3)
        #expect(trees.importance.max() == trees.importance[2])
    }
}
