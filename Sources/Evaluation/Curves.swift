/// How well scores tell attacks from the rest, at every threshold at once.
package struct Curves: Sendable {
    /// A point of a curve, both 0...1.
    package struct Point: Hashable, Sendable {
        package var x, y: Double
    }

    /// Area under the ROC curve: the chance that an attack window outscores a benign one, ties counting half.
    package let rocArea: Double
    /// Average precision, the area under the curve of precision over recall, in steps.
    package let prArea: Double
    /// False positive rate, true positive rate.
    package let roc: [Point]
    /// Recall, precision.
    package let pr: [Point]

    /// `nil` unless there are both.
    package init?(attack: [Double], benign: [Double]) {
        guard !attack.isEmpty, !benign.isEmpty else { return nil }
        let all = (attack.map { ($0, true) } + benign.map { ($0, false) }).sorted { $0.0 > $1.0 }
        let (positives, negatives) = (Double(attack.count), Double(benign.count))
        var (hits, misses, area, average) = (0.0, 0.0, 0.0, 0.0)
        var (roc, pr) = ([Point(x: 0, y: 0)], [Point]())
        var index = 0
        while index < all.count {
            let score = all[index].0
            let (hitsBefore, missesBefore) = (hits, misses)
            while index < all.count, all[index].0 == score {
                if all[index].1 { hits += 1 } else { misses += 1 }
                index += 1
            }
            area += (misses - missesBefore) * (hits + hitsBefore) / 2
            average += (hits - hitsBefore) / positives * hits / (hits + misses)
            roc.append(Point(x: misses / negatives, y: hits / positives))
            pr.append(Point(x: hits / positives, y: hits / (hits + misses)))
        }
        rocArea = area / (positives * negatives)
        prArea = average
        self.roc = Self.thinned(roc)
        self.pr = Self.thinned(pr)
    }

    /// Some hundreds of points, as far as a screen can show them apart.
    private static func thinned(_ points: [Point]) -> [Point] {
        var kept: [Point] = []
        for (index, point) in points.enumerated() {
            if let last = kept.last, index < points.count - 1,
                abs(last.x - point.x) < 0.0025, abs(last.y - point.y) < 0.0025
            {
                continue
            }
            kept.append(point)
        }
        return kept
    }
}
