import RealModule

/// The distribution of scores in benign traffic, with a tail that reaches beyond what was seen.
///
/// Peaks over threshold: scores beyond a high quantile follow a generalized Pareto distribution. A. Siffer et al.,
/// "Anomaly detection in streams with extreme value theory", KDD 2017 (SPOT). Fitted by probability-weighted moments
/// (J. Hosking, J. Wallis, Technometrics 29, 1987), which need no search. The shape is kept within -0.3...0.25: with few
/// excesses it is a guess, and one wild window would push thresholds out of reach.
package struct PeaksOverThreshold: Hashable, Sendable {
    /// Distance in -log10 of the share of scores beyond, from one score in `body` to the next.
    package static let bodyStep = 0.1
    package static let shapes = -0.3...0.25
    /// The largest -log10 p that is told apart.
    package static let limit = 30.0

    /// Scores at the steps below the tail.
    package let body: [Double]
    /// Where the tail begins, and the share of scores beyond it.
    package let start: Double
    package let tailShare: Double
    package let shape: Double
    package let scale: Double

    package init(body: [Double], start: Double, tailShare: Double, shape: Double, scale: Double) {
        self.body = body
        self.start = start
        self.tailShare = tailShare
        self.shape = shape
        self.scale = scale
    }

    /// Fits to scores of benign windows.
    ///
    /// - Parameters:
    ///   - scores: in any order; none at all count as one zero.
    ///   - tail: the share of scores that make the tail.
    ///   - fixedShape: the shape, if it shall not be fitted.
    ///   - leastScale: the scale is not taken for smaller.
    package init(
        fitting scores: [Double], tail: Double = 0.02, fixedShape: Double? = nil, leastScale: Double = 1e-3
    ) {
        let sorted = scores.isEmpty ? [0] : scores.sorted()
        let count = sorted.count
        let at = { (share: Double) in sorted[min(count - 1, max(0, Int(share * Double(count))))] }
        let start = at(1 - tail)
        let excesses = sorted.filter { $0 > start }.map { $0 - start }
        let fit = Self.fit(excesses)
        let share = Double(max(excesses.count, 1)) / Double(count)
        let steps = Int(-Double.log10(share) / Self.bodyStep)
        self.init(
            body: (0...max(0, steps)).map { at(1 - .exp10(-Double($0) * Self.bodyStep)) },
            start: start, tailShare: share, shape: fixedShape ?? fit.shape, scale: max(fit.scale, leastScale))
    }

    /// Shape and scale of the generalized Pareto distribution of sorted excesses.
    private static func fit(_ excesses: [Double]) -> (shape: Double, scale: Double) {
        let count = Double(excesses.count)
        let mean = excesses.isEmpty ? 0 : excesses.reduce(0, +) / count
        guard excesses.count >= 10, mean > 0 else { return (0, max(mean, 0.001)) }
        var weighted = 0.0
        for (index, excess) in excesses.enumerated() {
            weighted += excess * (count - Double(index) - 0.35) / count
        }
        weighted /= count
        let difference = mean - 2 * weighted
        guard abs(difference) > 1e-9 else { return (0, mean) }
        let shape = min(max(2 - mean / difference, shapes.lowerBound), shapes.upperBound)
        return (shape, max(mean * (1 - shape), 1e-6))
    }

    /// -log10 of the probability that a benign window scores at least this, 0...30.
    package func surprise(of score: Double) -> Double {
        guard score > start else {
            for (step, bound) in body.enumerated().reversed() where score > bound {
                return Double(step) * Self.bodyStep
            }
            return 0
        }
        let excess = (score - start) / scale
        let inside = 1 + shape * excess
        let survival: Double
        if abs(shape) < 0.001 {
            survival = -excess
        } else {
            survival = inside > 0 ? -.log(inside) / shape : -.infinity
        }
        return min(Self.limit, -Double.log10(tailShare) - survival / .log(10))
    }

    /// The score that a benign window exceeds with this probability.
    package func score(exceededWith probability: Double) -> Double {
        let ratio = max(probability, 1e-30) / tailShare
        guard ratio < 1 else { return start }
        if abs(shape) < 0.001 { return start - scale * .log(ratio) }
        return start + scale / shape * (.pow(ratio, -shape) - 1)
    }
}
