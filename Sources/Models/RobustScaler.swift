/// Puts features on one scale, and then on the int8 grid that models work on.
///
/// (x - median) / deviation, cut to -8...8, in 255 steps of 8/127. The deviation is robust (the 5 and 95 % quantiles'
/// distance over 3.29, as of a normal distribution) so that a few wild windows do not blunt a feature, but at least
/// half the standard deviation, and at least 0.05.
package struct RobustScaler: Hashable, Sendable {
    /// The scaled value at the ends of the grid.
    package static let limit: Float = 8
    /// Width of one step of the grid, in scaled units.
    package static let step: Float = limit / 127

    package let medians: [Float]
    package let deviations: [Float]

    package var width: Int { medians.count }

    package init(medians: [Float], deviations: [Float]) {
        precondition(medians.count == deviations.count, "one deviation a feature")
        self.medians = medians
        self.deviations = deviations
    }

    /// Fits to rows of `width` features.
    package init(fitting rows: [Float], width: Int) {
        precondition(
            width > 0 && !rows.isEmpty && rows.count.isMultiple(of: width), "whole rows, at least one")
        let count = rows.count / width
        var medians: [Float] = []
        var deviations: [Float] = []
        for feature in 0..<width {
            let column = (0..<count).map { rows[$0 * width + feature] }.sorted()
            let quantile = { (share: Double) in column[min(count - 1, Int(share * Double(count)))] }
            let mean = column.reduce(0.0) { $0 + Double($1) } / Double(count)
            let variance =
                column.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)
            let deviation = Float(variance.squareRoot())
            let robust = (quantile(0.95) - quantile(0.05)) / 3.29
            medians.append(quantile(0.5))
            deviations.append(max(robust > 0.001 ? max(robust, deviation / 2) : deviation, 0.05))
        }
        self.init(medians: medians, deviations: deviations)
    }

    /// Appends a row's place on the grid, -127...127 a feature.
    package func quantize(_ row: ArraySlice<Float>, into result: inout [Int8]) {
        for (feature, value) in row.enumerated() where feature < medians.count {
            let scaled = (value - medians[feature]) / deviations[feature] / Self.step
            // Written so that not-a-number ends up at the low end, and nothing traps.
            result.append(scaled > -127 ? Int8(min(127, scaled.rounded())) : -127)
        }
    }
}
