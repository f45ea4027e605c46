import Features
import RealModule
import Traffic

/// How the features of a view are distributed now, with a memory of an hour, and how far that is from the training sample.
struct Population {
    private static let memory = 3600.0
    /// Shares below are taken for this: an empty bin would make the index infinite.
    private static let leastShare: Float = 0.001
    /// Before so many windows a distribution says little.
    private static let fewest: Float = 600

    private let reference: Reference
    private var counts: [Float]
    private var count: Float = 0
    private var updated: Timestamp?

    init(_ reference: Reference) {
        self.reference = reference
        counts = Array(repeating: 0, count: FeatureSchema.count * Reference.bins)
    }

    /// Counts the windows of a reading, once a second: windows overlap, and the second between brings nothing new.
    mutating func add(_ batch: WindowBatch, at now: Timestamp) {
        let last = updated ?? now - .seconds(1)
        guard now.hasPassed(.milliseconds(900), since: last) else { return }
        updated = now
        let decay = Float.exp(-Float(min(max((now - last).seconds, 0), 60) / Self.memory))
        for index in counts.indices { counts[index] *= decay }
        count *= decay
        for row in batch.windows.indices {
            for (feature, value) in batch.features(of: row).enumerated() {
                counts[feature * Reference.bins + reference.bin(of: value, feature: feature)] += 1
            }
            count += 1
        }
    }

    /// The population stability index of each feature; `nil` before there is enough to go by.
    ///
    /// PSI = sum over bins of (now - then) * ln(now / then). By convention, below 0.1 nothing changed, beyond 0.25 the population
    /// is another one. N. Siddiqi, "Credit Risk Scorecards", 2006; B. Yurdakul, "Statistical properties of population
    /// stability index", 2018.
    var stability: [Float]? {
        guard count >= Self.fewest else { return nil }
        return (0..<FeatureSchema.count).map { feature in
            (0..<Reference.bins).reduce(Float(0)) { sum, bin in
                let index = feature * Reference.bins + bin
                let now = max(counts[index] / count, Self.leastShare)
                let then = max(reference.shares[index], Self.leastShare)
                return sum + (now - then) * .log(now / then)
            }
        }
    }
}
