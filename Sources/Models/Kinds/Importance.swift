import RealModule

/// Which features a model's scores hang on.
///
/// Permutation importance (L. Breiman, "Random forests", Machine Learning 45, 2001): a feature's values are shuffled among
/// the rows, and what that does to the scores is measured.
package enum Importance {
    private static let mostRows = 200

    /// Without labels: how much ln(score) rises when usual rows get each other's values, as shares of the whole.
    ///
    /// A feature that rises much is tied to others: the model has learned what goes together. One that rises little is
    /// not missed here.
    package static func unlabelled(
        of rows: TrainingRows, seed: UInt64, scores: ([Int8]) -> [Int32]
    ) -> [Float] {
        var random = SeededGenerator(seed: seed)
        let rows = rows.sample(mostRows, random: &random)
        let before = logarithm(scores(rows.values))
        let rises = (0..<rows.width).map { feature in
            let shuffled = shuffled(feature, of: rows, random: &random)
            return max(0, logarithm(scores(shuffled)) - before)
        }
        let total = rises.reduce(0, +)
        return rises.map { total > 0 ? Float($0 / total) : 0 }
    }

    /// With labels: how much of the area under the ROC curve is lost; less than zero where shuffling helps.
    package static func labelled(
        of rows: TrainingRows, seed: UInt64, scores: ([Int8]) -> [Int32]
    ) -> [Double] {
        var random = SeededGenerator(seed: seed)
        let labels = rows.labels ?? []
        let before = area(scores(rows.values), labels)
        return (0..<rows.width).map { feature in
            before - area(scores(shuffled(feature, of: rows, random: &random)), labels)
        }
    }

    /// Area under the ROC curve: the share of pairs of a bad and a good row in which the bad one scores higher.
    package static func area(_ scores: [Int32], _ labels: [Bool]) -> Double {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var rankSum = 0.0
        var start = 0
        while start < order.count {
            let end = order[start...].firstIndex { scores[$0] != scores[order[start]] } ?? order.count
            // Equal scores share their ranks.
            let rank = Double(start + end + 1) / 2
            rankSum += rank * Double(order[start..<end].count { labels[$0] })
            start = end
        }
        let bad = Double(labels.count(where: \.self))
        let good = Double(labels.count) - bad
        guard bad > 0, good > 0 else { return .nan }
        return (rankSum - bad * (bad + 1) / 2) / (bad * good)
    }

    private static func logarithm(_ scores: [Int32]) -> Double {
        scores.reduce(0) { $0 + .log(onePlus: Double($1)) } / Double(max(scores.count, 1))
    }

    private static func shuffled(
        _ feature: Int, of rows: TrainingRows, random: inout SeededGenerator
    ) -> [Int8] {
        var values = rows.values
        let order = (0..<rows.count).shuffled(using: &random)
        for (row, other) in order.enumerated() {
            values[row * rows.width + feature] = rows.values[other * rows.width + feature]
        }
        return values
    }
}
