import Features
import Models

/// How the features of one view were distributed in what a site model was trained on: for drift, and to say what is usual.
package struct Reference: Hashable, Sendable {
    /// Bins of a feature, between its deciles.
    static let bins = 10

    /// Nine deciles of each feature in turn; the same one again where many windows have the same value.
    let deciles: [Float]
    /// Share of the windows in each bin of each feature.
    let shares: [Float]
    /// The 5 and the 95 % point of each feature.
    let ranges: [Float]

    /// Measures rows of features, `FeatureSchema.count` each.
    init(of rows: [Float]) {
        let width = FeatureSchema.count
        let count = rows.count / width
        var deciles: [Float] = []
        var shares: [Float] = []
        var ranges: [Float] = []
        for feature in 0..<width {
            let sorted = (0..<count).map { rows[$0 * width + feature] }.sorted()
            let at = { (share: Double) in
                sorted.isEmpty ? 0 : sorted[min(count - 1, Int(share * Double(count)))]
            }
            let own = (1..<Self.bins).map { at(Double($0) / Double(Self.bins)) }
            var numbers = [Float](repeating: 0, count: Self.bins)
            for value in sorted { numbers[Self.bin(of: value, among: own[...])] += 1 }
            deciles += own
            shares += numbers.map { $0 / Float(max(1, count)) }
            ranges += [at(0.05), at(0.95)]
        }
        self.init(deciles: deciles, shares: shares, ranges: ranges)
    }

    private init(deciles: [Float], shares: [Float], ranges: [Float]) {
        self.deciles = deciles
        self.shares = shares
        self.ranges = ranges
    }

    /// The bin of a feature's value: how many deciles it is beyond.
    func bin(of value: Float, feature: Int) -> Int {
        Self.bin(of: value, among: deciles[feature * (Self.bins - 1)..<(feature + 1) * (Self.bins - 1)])
    }

    private static func bin(of value: Float, among deciles: ArraySlice<Float>) -> Int {
        var bin = 0
        for decile in deciles where value > decile { bin += 1 }
        return bin
    }

    /// The 5 and the 95 % point of a feature.
    func range(of feature: Int) -> (low: Float, high: Float) {
        (ranges[feature * 2], ranges[feature * 2 + 1])
    }
}

extension Reference {
    /// Reads it.
    init(_ file: ModelFile, prefix: String) throws(ModelFileError) {
        let width = FeatureSchema.count
        let deciles = try file.floats(prefix + "deciles")
        let shares = try file.floats(prefix + "shares")
        let ranges = try file.floats(prefix + "ranges")
        guard deciles.count == width * (Self.bins - 1), shares.count == width * Self.bins,
            ranges.count == width * 2, (deciles + shares + ranges).allSatisfy(\.isFinite)
        else { throw .malformed("the parts of '\(prefix)' do not fit together") }
        self.init(deciles: deciles, shares: shares, ranges: ranges)
    }

    func put(into file: inout ModelFile, prefix: String) {
        file.set(prefix + "deciles", deciles)
        file.set(prefix + "shares", shares)
        file.set(prefix + "ranges", ranges)
    }
}
