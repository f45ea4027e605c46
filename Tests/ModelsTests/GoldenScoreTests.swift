import Testing

@testable import Models

/// Fixed models give fixed scores, on every machine and in every build.
@Suite struct GoldenScoreTests {
    private static let width = 6

    /// Integers that no floating-point operation had a part in.
    private struct Numbers {
        var random = SeededGenerator(seed: 42)

        mutating func values<T: BinaryInteger>(_ count: Int, in range: ClosedRange<Int>) -> [T] {
            (0..<count).map { _ in T(range.lowerBound + Int(random.next() % UInt64(range.count))) }
        }

        /// A tree of three levels.
        mutating func tree(_ leaves: ClosedRange<Int>, depth: Int = 0) -> IntegerTrees.Node {
            guard depth < 3 else { return .leaf(Double((values(1, in: leaves) as [Int])[0]) / 16) }
            let split: [Int] = values(2, in: 0...100)
            return .split(
                feature: split[0] % width, most: Int8(split[1] - 50), lower: tree(leaves, depth: depth + 1),
                upper: tree(leaves, depth: depth + 1))
        }

        mutating func layer(_ inputs: Int, _ outputs: Int) -> IntegerLayer? {
            IntegerLayer(
                inputs: inputs, outputs: outputs, weights: values(inputs * outputs, in: -127...127),
                biases: values(outputs, in: -1_000...1_000),
                multipliers: values(outputs, in: 100_000...500_000))
        }
    }

    private static func put(
        _ axes: Int, _ prefix: String, _ numbers: inout Numbers, into file: inout ModelFile
    ) {
        file.set(prefix + "means", numbers.values(width, in: -300...300) as [Int32], as: .int32)
        file.set(prefix + "weights", numbers.values(axes * width, in: -127...127) as [Int8], as: .int8)
        file.set(prefix + "squares", numbers.values(axes, in: 100_000...800_000) as [Int32], as: .int32)
        file.set(prefix + "variances", (numbers.values(axes, in: 1...300) as [Int]).map { Float($0) })
    }

    /// A model file of a kind.
    private static func file(_ kind: ModelKind) throws -> ModelFile {
        var numbers = Numbers()
        var file = ModelFile()
        let prefix = kind.rawValue + "."
        switch kind {
        case .autoencoder:
            let layers = [numbers.layer(width, 4), numbers.layer(4, 3), numbers.layer(3, width)]
            let scales: [Int32] = numbers.values(width, in: 0...41_282)
            let model = Autoencoder(layers: layers.compactMap(\.self), errorScales: scales)
            try #require(model).put(into: &file, prefix: prefix)
        case .pca: put(2, prefix, &numbers, into: &file)
        case .forest:
            let trees = (0..<5).map { _ in numbers.tree(16...200) }
            IsolationForest(width: width, trees: trees).put(into: &file, prefix: prefix)
        case .kmeans:
            file.set(prefix + "centers", numbers.values(4 * width, in: -127...127) as [Int8], as: .int8)
        case .svm:
            file.set(prefix + "frequencies", numbers.values(8 * width, in: -127...127) as [Int8], as: .int8)
            file.set(prefix + "turns", numbers.values(8, in: 100_000...40_000_000) as [Int32], as: .int32)
            file.set(prefix + "weights", numbers.values(16, in: -127...127) as [Int8], as: .int8)
            file.set(prefix + "top", [70_000] as [Int32], as: .int32)
        case .trees:
            let trees = (0..<5).map { _ in numbers.tree(-40...40) }
            BoostedTrees(width: width, trees: trees, importance: Array(repeating: 0, count: width))
                .put(into: &file, prefix: prefix)
        }
        return file
    }

    private static func rows() -> [Int8] {
        var numbers = Numbers(random: SeededGenerator(seed: 7))
        return numbers.values(5 * width, in: -127...127)
    }

    private static let golden: [ModelKind: [Int32]] = [
        .autoencoder: [618_293, 265_260, 798_897, 493_048, 781_371],
        .pca: [24_645, 18_143, 15_876, 21_482, 55_440], .forest: [10_128, 10_912, 15_232, 10_464, 10_176],
        .kmeans: [31_608, 37_381, 17_052, 44_438, 35_724],
        .svm: [284_500, 134_699, 186_879, 152_127, 237_549],
        .trees: [9_088, 22_336, 16_128, 16_704, 12_608],
    ]

    @Test(
        "fixed rows have the same scores on every machine and in every build", arguments: ModelKind.allCases)
    func kinds(kind: ModelKind) throws {
        let model = try TrainedModel(Self.file(kind), prefix: "", kind: kind, width: Self.width)
        let scores = model.scores(of: Self.rows())
        #expect(scores == Self.golden[kind], "\(kind) \(scores)")
    }

    @Test("so have the components that a model may see instead of features")
    func components() throws {
        var numbers = Numbers()
        var file = ModelFile()
        Self.put(3, "", &numbers, into: &file)
        let projection = try Projection(file, prefix: "", width: Self.width)
        let components = projection.apply(to: Self.rows())
        #expect(
            components == [-57, 29, 67, -97, 22, -54, 127, -17, 19, -52, 9, -39, 31, 55, 127], "\(components)"
        )
    }

    @Test("so has the tail table")
    func tails() throws {
        var numbers = Numbers()
        let table = TailTable(
            width: Self.width, features: numbers.values(Self.width * TailTable.places, in: 0...255),
            groups: [[0, 1, 2, 3], [1, 2, 4, 5]],
            surprises: numbers.values(2 * TailTable.sums, in: 0...2_000))
        let fixed = try #require(table)
        let rows = Self.rows()
        let results = stride(from: 0, to: rows.count, by: Self.width).map {
            fixed.score(rows[$0..<$0 + Self.width])
        }
        #expect(results.map(\.score) == [1_455, 1_349, 746, 1_947, 1_883], "\(results.map(\.score))")
        #expect(results.map(\.group) == [0, 0, 1, 0, 0], "\(results.map(\.group))")
    }
}
