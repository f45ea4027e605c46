import RealModule
import Testing

@testable import Models

/// Integer scores beside those of the model before it was rounded, within the bounds that docs/models.md states.
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

    private func dot(_ one: [Double], _ other: [Double]) -> Double {
        var sum = 0.0
        for (a, b) in zip(one, other) { sum += a * b }
        return sum
    }

    @Test("int8 components leave what exact ones leave, to a fiftieth of the row's length and a step")
    func components() {
        let rows = rows(300, width: 10, seed: 1)
        let model = PCAResidual.train(rows, seed: 1, steps: nil) { _ in }
        let means = (0..<10).map { feature in
            (0..<rows.count).reduce(0) { $0 + Double(rows.values[$1 * 10 + feature]) } / Double(rows.count)
        }
        let exact = SymmetricMatrix(covarianceOf: rows, means: means).eigen().vectors.prefix(model.axes.count)
        for (index, score) in model.scores(of: rows.values).enumerated() {
            var rest = zip(rows[index], means).map { Double($0) - $1 }
            let length = dot(rest, rest).squareRoot()
            for axis in exact {
                let length = dot(rest, axis)
                rest = zip(rest, axis).map { $0 - length * $1 }
            }
            let residual = dot(rest, rest).squareRoot()
            #expect(abs(Double(score).squareRoot() - residual) <= length / 50 + 1)
        }
    }

    @Test("the int8 autoencoder scores as the network that was trained, to a tenth and a usual error")
    func autoencoder() {
        let rows = rows(400, width: 9, seed: 2)
        var training = AutoencoderTraining(rows: rows.values, width: 9, seed: 1)
        let model = training.run(steps: 200)
        for (index, score) in model.scores(of: rows.values).enumerated() {
            let errors = zip(training.errors(of: rows[index]), model.errorScales).map { error, scale in
                min(Double(error / RobustScaler.step) * Double(scale) / 65_536, 30)
            }
            let exact = dot(errors, errors).squareRoot()
            #expect(abs(Double(score).squareRoot() / 16 - exact) <= exact / 10 + 1)
        }
    }

    @Test("the int8 support vector machine scores as the one that was trained, to a hundredth of its range")
    func supportVectors() throws {
        let rows = rows(200, width: 9, seed: 5)
        let (_, weights, usual) = OneClassSVM.fit(rows, seed: 1, steps: 2_000) { _ in }
        let model = OneClassSVM.train(rows, seed: 1, steps: 2_000) { _ in }
        var file = ModelFile()
        model.put(into: &file, prefix: "")
        let frequencies: [Int8] = try file.integers("frequencies", as: .int8)
        let turns: [Int32] = try file.integers("turns", as: .int32)
        let exactWeights = weights.map { Double($0) }
        let top = usual.map { dot($0.map { Double($0) }, exactWeights) }.max() ?? 0
        for (index, score) in model.scores(of: rows.values).enumerated() {
            let row = rows[index].map { Double($0) }
            var product = 0.0
            for (number, turn) in turns.enumerated() {
                let frequency = frequencies[number * 9..<(number + 1) * 9].map { Double($0) }
                let angle = 2 * Double.pi * dot(frequency, row) * Double(turn) / 0x1p32
                product += exactWeights[number] * Double.cos(angle) * 32_768
                product += exactWeights[number + turns.count] * Double.sin(angle) * 32_768
            }
            let exact = max(0, 160_000 * (1 - product / top))
            #expect(abs(Double(score) - exact) <= 1_600)
        }
    }

    @Test("means on the int8 grid are as far from a row as exact ones, to half a step a feature")
    func means() {
        let rows = rows(300, width: 8, seed: 6)
        let model = KMeans.train(rows, seed: 1, steps: nil) { _ in }
        let centers = (0..<model.centers.count / 8).map {
            model.centers[$0 * 8..<($0 + 1) * 8].map { Double($0) }
        }
        func distance(_ row: ArraySlice<Int8>, _ center: [Double]) -> Double {
            let way = zip(row, center).map { Double($0) - $1 }
            return dot(way, way).squareRoot()
        }
        // What Lloyd's last round had before it rounded.
        var sums = centers.map { _ in (count: 0.0, values: [Double](repeating: 0, count: 8)) }
        for row in 0..<rows.count {
            let distances = centers.map { distance(rows[row], $0) }
            guard let nearest = distances.indices.min(by: { distances[$0] < distances[$1] }) else { continue }
            sums[nearest].count += 1
            for (feature, value) in rows[row].enumerated() { sums[nearest].values[feature] += Double(value) }
        }
        let exact = sums.filter { $0.count > 0 }.map { sum in sum.values.map { $0 / sum.count } }
        for (index, score) in model.scores(of: rows.values).enumerated() {
            let least = exact.map { distance(rows[index], $0) }.min() ?? 0
            #expect(abs(Double(score).squareRoot() - least) <= 0.5 * Double(8).squareRoot())
        }
    }

    /// What the leaves say that a row gets to, before they are rounded.
    private func sum(_ trees: [IntegerTrees.Node], _ row: ArraySlice<Int8>) -> Double {
        func value(_ node: IntegerTrees.Node) -> Double {
            switch node {
            case .leaf(let value): value
            case .split(let feature, let most, let lower, let upper):
                value(row[row.startIndex + feature] <= most ? lower : upper)
            }
        }
        return trees.reduce(0) { $0 + value($1) }
    }

    @Test("the integer forest is as deep as the one that was grown, to half of 1/256 split a tree")
    func forest() {
        let rows = rows(300, width: 8, seed: 7)
        let trees = IsolationForest.grow(rows, seed: 1) { _ in }
        let model = IsolationForest.train(rows, seed: 1, steps: nil) { _ in }
        for (index, score) in model.scores(of: rows.values).enumerated() {
            let exact = 16 * Double(trees.count) - sum(trees, rows[index])
            #expect(abs(Double(score) / 256 - exact) <= Double(trees.count) / 512)
        }
    }

    @Test("integer boosted trees give the log odds of those that were grown, to a five-hundredth")
    func boosted() {
        let rows = rows(200, width: 6, seed: 8).with(attacks: (0..<60 * 6).map { Int8($0 % 90) })
        let trees = BoostedTrees.boost(rows) { _ in }.trees
        let model = BoostedTrees.train(rows, seed: 1, steps: nil) { _ in }
        for (index, score) in model.scores(of: rows.values).enumerated() {
            let exact = max(0, sum(trees, rows[index]) + 16)
            #expect(abs(Double(score) / 1024 - exact) <= 1 / 500)
        }
    }

    @Test(
        "the tail table sums three tails to an eighth of a nat each, and says of the sum what is exact, to 1/128 decade"
    )
    func tails() throws {
        let rows = rows(2_000, width: 6, seed: 9)
        let groups = [[0, 1, 2, 3], [2, 3, 4, 5]]
        let table = try #require(TailTable(fitting: rows.values, width: 6, groups: groups))
        let exact = (0..<6).map { TailTable.tail(of: $0, in: rows.values, width: 6) }
        var scores = [Double](repeating: 0, count: rows.count)
        for group in groups {
            let sums = (0..<rows.count).map { index in
                let row = rows[index]
                let integers = group.map { Double(table.surprise(of: $0, in: row)) / 4 }
                let tails = group.map { exact[$0][Int(row[row.startIndex + $0]) + 127] }
                let sum = integers.sorted(by: >).prefix(3).reduce(0, +)
                #expect(abs(sum - tails.sorted(by: >).prefix(3).reduce(0, +)) <= 3 / 8)
                return sum
            }
            let decades = TailTable.decades(bySums: sums)
            for index in scores.indices { scores[index] = max(scores[index], decades(sums[index])) }
        }
        for index in scores.indices {
            let score = Double(table.score(rows[index]).score) / Double(TailTable.unitsPerDecade)
            #expect(abs(score - scores[index]) <= 1 / 128)
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
