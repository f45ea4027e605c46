import RealModule

/// A 95 % confidence interval.
package struct Interval: Hashable, Sendable, Encodable {
    package var low, high: Double

    private static let z = 1.959964

    /// Of a share, `count` of `total`.
    ///
    /// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    package static func share(_ count: Int, of total: Int) -> Interval? {
        guard total > 0 else { return nil }
        let (n, p, z2) = (Double(total), Double(count) / Double(total), z * z)
        let middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        let half = z / (1 + z2 / n) * (p * (1 - p) / n + z2 / (4 * n * n)).squareRoot()
        return Interval(low: max(0, middle - half), high: min(1, middle + half))
    }

    /// Of a rate, from a count of rare events.
    ///
    /// F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 1936.
    package static func rate(_ count: Int, in span: Double) -> Interval? {
        guard span > 0 else { return nil }
        let low = count == 0 ? 0 : solve { 1 - poisson(atMost: count - 1, mean: $0) - 0.025 }
        let high = solve { 0.025 - poisson(atMost: count, mean: $0) }
        return Interval(low: low / span, high: high / span)
    }

    /// Of an area under the ROC curve.
    ///
    /// J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a ROC curve",
    /// Radiology 1982.
    package static func area(_ area: Double, positives: Int, negatives: Int) -> Interval? {
        guard positives > 0, negatives > 0 else { return nil }
        let (q1, q2) = (area / (2 - area), 2 * area * area / (1 + area))
        let (p, n) = (Double(positives), Double(negatives))
        let variance =
            (area * (1 - area) + (p - 1) * (q1 - area * area) + (n - 1) * (q2 - area * area)) / (p * n)
        let half = z * max(0, variance).squareRoot()
        return Interval(low: max(0, area - half), high: min(1, area + half))
    }

    private static func poisson(atMost count: Int, mean: Double) -> Double {
        guard mean > 0 else { return 1 }
        var logarithm = -mean
        var sum = Double.exp(logarithm)
        for k in 1..<max(1, count + 1) {
            logarithm += .log(mean) - .log(Double(k))
            sum += .exp(logarithm)
        }
        return min(1, sum)
    }

    /// Where an increasing function is zero.
    private static func solve(_ function: (Double) -> Double) -> Double {
        var (low, high) = (0.0, 1.0)
        while function(high) < 0, high < 1e9 { high *= 2 }
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if function(middle) < 0 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
