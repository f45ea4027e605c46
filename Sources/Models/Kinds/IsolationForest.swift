import RealModule

/// How few random splits set a row apart.
///
/// F. Liu, K. Ting, Z. Zhou, "Isolation forest", ICDM 2008: 100 trees of 256 rows each, at most 8 splits deep. Their
/// score 2^(-E/c) only bends the mean depth E, which the order does not need; the score here is how much shorter than 16
/// a row's way is, in 1/256 splits, summed over the trees.
package struct IsolationForest: Model {
    package static let kind = ModelKind.forest
    private static let trees = 100
    private static let rowsPerTree = 256
    private static let depth = 8
    private static let longest: Int64 = 16

    package let width: Int
    private let trees: IntegerTrees

    package static func train(
        _ rows: TrainingRows, seed: UInt64, steps: Int?, progress: (Double) -> Void
    ) -> IsolationForest {
        IsolationForest(width: rows.width, trees: grow(rows, seed: seed, progress: progress))
    }

    /// Trees whose leaves are the splits to them, and those that the rows there would still need.
    static func grow(_ rows: TrainingRows, seed: UInt64, progress: (Double) -> Void) -> [IntegerTrees.Node] {
        var random = SeededGenerator(seed: seed)
        return (0..<Self.trees).map { tree in
            progress(Double(tree) / Double(Self.trees))
            let sample = (0..<min(rowsPerTree, rows.count)).map { _ in Int(random.next() % UInt64(rows.count))
            }
            return grow(sample[...], of: rows, depth: 0, random: &random)
        }
    }

    init(width: Int, trees: [IntegerTrees.Node]) {
        self.width = width
        self.trees = IntegerTrees(trees, units: 256)
    }

    /// Splits at random, at a random feature of those that differ.
    private static func grow(
        _ members: ArraySlice<Int>, of rows: TrainingRows, depth: Int, random: inout SeededGenerator
    ) -> IntegerTrees.Node {
        let ranges = members.count > 1 && depth < Self.depth ? varying(members, of: rows) : []
        guard !ranges.isEmpty else { return .leaf(length(depth: depth, rows: members.count)) }
        let (feature, low, high) = ranges[Int(random.next() % UInt64(ranges.count))]
        let most = Int8(low + Int(random.next() % UInt64(high - low)))
        let lower = members.filter { rows.values[$0 * rows.width + feature] <= most }
        let upper = members.filter { rows.values[$0 * rows.width + feature] > most }
        return .split(
            feature: feature, most: most,
            lower: grow(lower[...], of: rows, depth: depth + 1, random: &random),
            upper: grow(upper[...], of: rows, depth: depth + 1, random: &random))
    }

    /// The features in which rows differ, with their ends.
    private static func varying(
        _ members: ArraySlice<Int>, of rows: TrainingRows
    ) -> [(feature: Int, low: Int, high: Int)] {
        var ends = rows[members[members.startIndex]].map { (low: $0, high: $0) }
        for member in members {
            for (feature, value) in rows[member].enumerated() {
                if value < ends[feature].low { ends[feature].low = value }
                if value > ends[feature].high { ends[feature].high = value }
            }
        }
        return ends.enumerated().filter { $1.low < $1.high }.map { ($0, Int($1.low), Int($1.high)) }
    }

    /// Splits so far, and those that so many rows would still need on average.
    private static func length(depth: Int, rows: Int) -> Double {
        let rest: Double =
            switch rows {
            case ...1: 0
            case 2: 1
            default: 2 * (.log(Double(rows - 1)) + 0.577_215_664_9) - 2 * Double(rows - 1) / Double(rows)
            }
        return Double(depth) + rest
    }

    package func scores(of rows: [Int8]) -> [Int32] {
        let longest = Self.longest * 256 * Int64(trees.roots.count)
        return stride(from: 0, to: rows.count - rows.count % width, by: width).map {
            Int32(clamping: max(0, longest - trees.sum(rows[$0..<$0 + width])))
        }
    }

    package init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        self.width = width
        trees = try IntegerTrees(file, prefix: prefix, width: width)
    }

    package func put(into file: inout ModelFile, prefix: String) { trees.put(into: &file, prefix: prefix) }
}
