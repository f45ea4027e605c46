import Features

extension Verdict {
    /// How alike the evidence of two verdicts is: the cosine of the angle between the shares of their features, 0...1.
    ///
    /// 1: the same features in the same proportions, however much of each; 0: none in common, or verdicts of different views.
    package func likeness(to other: Verdict) -> Double {
        guard entity.view == other.entity.view else { return 0 }
        let shares = Dictionary(features.map { ($0.name, $0.share) }) { first, _ in first }
        let product = other.features.reduce(0) { $0 + $1.share * (shares[$1.name] ?? 0) }
        let lengths = [features, other.features].map { $0.reduce(0) { $0 + $1.share * $1.share } }
        guard lengths[0] > 0, lengths[1] > 0 else { return 0 }
        return min(1, product / (lengths[0] * lengths[1]).squareRoot())
    }
}
