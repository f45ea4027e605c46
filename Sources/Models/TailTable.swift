/// The shipped default: how rarely benign traffic goes as far, feature by feature, in groups.
///
/// Each feature has a table from its int8 place to -ln of the one-sided tail probability, in quarter nats. The three
/// largest of a group are summed; a table a group turns the sum into -log10 p in 1/64 decades; the largest group
/// wins. Scoring is table look-ups and integer sums, so it gives the same bits everywhere. After ECOD (Z. Li et al.,
/// TKDE 2022), made one-sided, grouped, and calibrated.
package struct TailTable: Hashable, Sendable {
    /// Places of the int8 grid.
    package static let places = 255
    /// Possible sums of three table entries.
    package static let sums = 3 * 255 + 1
    /// Units of a score in one decade.
    package static let unitsPerDecade = 64

    package let width: Int
    /// width * 255: the place's surprise in quarter nats.
    package let features: [UInt8]
    /// The features of each group.
    package let groups: [[Int]]
    /// groups * 766: the surprise of a group's sum.
    package let surprises: [UInt16]

    /// - Returns: `nil` if the parts do not fit together.
    package init?(width: Int, features: [UInt8], groups: [[Int]], surprises: [UInt16]) {
        guard width > 0, features.count == width * Self.places, surprises.count == groups.count * Self.sums,
            groups.allSatisfy({ $0.allSatisfy { (0..<width).contains($0) } })
        else { return nil }
        self.width = width
        self.features = features
        self.groups = groups
        self.surprises = surprises
    }

    /// The outcome for one window.
    package struct Result: Hashable, Sendable {
        /// Surprise of the winning group, in 1/64 decades.
        package var score: Int32 = 0
        /// Index of the winning group.
        package var group = 0
    }

    /// Scores one row of int8 features.
    package func score(_ row: ArraySlice<Int8>) -> Result {
        var result = Result()
        for (group, members) in groups.enumerated() {
            var largest = (0, 0, 0)
            for feature in members {
                let value = Int(surprise(of: feature, in: row))
                if value > largest.0 {
                    largest = (value, largest.0, largest.1)
                } else if value > largest.1 {
                    largest = (largest.0, value, largest.1)
                } else if value > largest.2 {
                    largest.2 = value
                }
            }
            let score = Int32(surprises[group * Self.sums + largest.0 + largest.1 + largest.2])
            if score > result.score { result = Result(score: score, group: group) }
        }
        return result
    }

    /// Surprise of one feature, in quarter nats.
    package func surprise(of feature: Int, in row: ArraySlice<Int8>) -> UInt8 {
        features[feature * Self.places + Int(max(-127, row[row.startIndex + feature])) + 127]
    }
}
