import RealModule

/// Boosted trees: how much a row is like those that were labelled as attacks.
///
/// J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29, 2001: logistic
/// loss, leaves by one step of Newton, a rate of 0.1; split by counts on the int8 grid, as LightGBM splits (G. Ke et al.,
/// NIPS 2017). The score is the log odds, from -16 on, in 1/1024.
package struct BoostedTrees: Model {
    package static let kind = ModelKind.trees
    private static let trees = 100
    private static let depth = 3
    private static let rate = 0.1
    /// Fewer rows make no leaf.
    private static let fewestRows = 5
    private static let least: Int64 = -16

    package let width: Int
    /// Leaves in log odds, times 2^16; the first tree is the odds of all rows.
    private let trees: IntegerTrees
    /// What splitting by each feature gained, as shares of the whole.
    package let importance: [Float]

    package static func train(
        _ rows: TrainingRows, seed: UInt64, steps: Int?, progress: (Double) -> Void
    ) -> BoostedTrees {
        let (trees, gains) = boost(rows, progress: progress)
        let total = max(gains.reduce(0, +), .leastNormalMagnitude)
        return BoostedTrees(width: rows.width, trees: trees, importance: gains.map { Float($0 / total) })
    }

    /// Trees whose leaves are log odds, and what splitting by each feature gained.
    static func boost(
        _ rows: TrainingRows, progress: (Double) -> Void
    ) -> (trees: [IntegerTrees.Node], gains: [Double]) {
        let labels = rows.labels ?? Array(repeating: false, count: rows.count)
        let bad = (Double(labels.count(where: \.self)) + 0.5) / (Double(rows.count) + 1)
        let start = Double.log(bad / (1 - bad))
        var odds = [Double](repeating: start, count: rows.count)
        var gains = [Double](repeating: 0, count: rows.width)
        var trees = [IntegerTrees.Node.leaf(start)]
        for tree in 0..<Self.trees {
            progress(Double(tree) / Double(Self.trees))
            var growth = Growth(rows: rows, odds: odds, labels: labels, gains: gains)
            trees.append(growth.grow(Array(0..<rows.count), depth: 0))
            odds = growth.odds
            gains = growth.gains
        }
        return (trees, gains)
    }

    init(width: Int, trees: [IntegerTrees.Node], importance: [Float]) {
        self.width = width
        self.trees = IntegerTrees(trees, units: 65_536)
        self.importance = importance
    }

    /// One tree as it grows.
    private struct Growth {
        private struct Sums {
            var gradient = 0.0
            var curvature = 0.0
            var count = 0

            /// How much one step of Newton lowers the loss, doubled.
            var gain: Double { gradient * gradient / (curvature + 1e-6) }

            static func - (one: Sums, other: Sums) -> Sums {
                Sums(
                    gradient: one.gradient - other.gradient, curvature: one.curvature - other.curvature,
                    count: one.count - other.count)
            }

            mutating func add(_ other: Sums) {
                gradient += other.gradient
                curvature += other.curvature
                count += other.count
            }
        }

        let rows: TrainingRows
        /// What the loss's first and second derivatives are at each row.
        private let slopes: [Sums]
        private(set) var odds: [Double]
        private(set) var gains: [Double]

        init(rows: TrainingRows, odds: [Double], labels: [Bool], gains: [Double]) {
            self.rows = rows
            self.odds = odds
            self.gains = gains
            slopes = zip(odds, labels).map { odds, label in
                let probability = 1 / (1 + Double.exp(-odds))
                return Sums(
                    gradient: (label ? 1 : 0) - probability, curvature: probability * (1 - probability),
                    count: 1)
            }
        }

        mutating func grow(_ members: [Int], depth: Int) -> IntegerTrees.Node {
            var all = Sums()
            for row in members { all.add(slopes[row]) }
            guard depth < BoostedTrees.depth, let split = bestSplit(of: members, all) else {
                let step = min(max(all.gradient / (all.curvature + 1e-6), -4), 4) * BoostedTrees.rate
                for row in members { odds[row] += step }
                return .leaf(step)
            }
            gains[split.feature] += split.gain
            let isLower = { [rows] (row: Int) in rows.values[row * rows.width + split.feature] <= split.most }
            return .split(
                feature: split.feature, most: split.most,
                lower: grow(members.filter(isLower), depth: depth + 1),
                upper: grow(members.filter { !isLower($0) }, depth: depth + 1))
        }

        /// The split of the largest gain; `nil` if none gains anything.
        private func bestSplit(
            of members: [Int], _ all: Sums
        ) -> (feature: Int, most: Int8, gain: Double)? {
            guard members.count >= 2 * BoostedTrees.fewestRows else { return nil }
            var best: (feature: Int, most: Int8, gain: Double)?
            for feature in 0..<rows.width {
                var places = [Sums](repeating: Sums(), count: 256)
                for row in members {
                    places[Int(rows.values[row * rows.width + feature]) + 128].add(slopes[row])
                }
                var lower = Sums()
                for place in 0..<255 {
                    guard places[place].count > 0 else { continue }
                    lower.add(places[place])
                    let upper = all - lower
                    guard min(lower.count, upper.count) >= BoostedTrees.fewestRows else { continue }
                    let gain = lower.gain + upper.gain - all.gain
                    if gain > max(best?.gain ?? 0, 1e-6) { best = (feature, Int8(place - 128), gain) }
                }
            }
            return best
        }
    }

    package func scores(of rows: [Int8]) -> [Int32] {
        stride(from: 0, to: rows.count - rows.count % width, by: width).map {
            let odds = trees.sum(rows[$0..<$0 + width])
            return Int32(clamping: max(0, odds - Self.least << 16) >> 6)
        }
    }

    package init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        self.width = width
        trees = try IntegerTrees(file, prefix: prefix, width: width)
        importance = try file.floats(prefix + "importance")
        guard importance.count == width else { throw .malformed("'\(prefix)' weighs other features") }
    }

    package func put(into file: inout ModelFile, prefix: String) {
        trees.put(into: &file, prefix: prefix)
        file.set(prefix + "importance", importance)
    }
}
