import RealModule

/// The memory spans of histories, and what is left of a decayed sum after some time.
struct Decays {
    /// Time constants of the three spans, in seconds.
    static let spans: (Double, Double, Double) = (10, 60, 600)

    /// exp(-t / span) for the three spans.
    private(set) var factors: (Float, Float, Float) = (1, 1, 1)
    private var nanoseconds: Int64 = 0

    /// Sets the factors for a time that passed; most entities are touched at each reading and share one value.
    mutating func set(nanoseconds passed: Int64) {
        guard passed != nanoseconds else { return }
        nanoseconds = passed
        let seconds = Double(max(0, passed)) / 1e9
        factors = (
            Float(.exp(-seconds / Self.spans.0)), Float(.exp(-seconds / Self.spans.1)),
            Float(.exp(-seconds / Self.spans.2))
        )
    }
}
