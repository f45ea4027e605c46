/// The directions in which rows vary most, as int8 weights.
///
/// Computed on sixteenths of a step of the grid, so that rounding stays below a tenth of a step.
package struct PrincipalAxes: Hashable, Sendable {
    private static let mostRows = 20_000

    package let width: Int
    /// Sixteenths of a step.
    package let means: [Int32]
    /// axes * width, row by row; each axis is scaled so that its largest weight is 127.
    package let weights: [Int8]
    /// The square of one unit of an axis's weights, times 2^36.
    package let squares: [Int32]
    /// Variance along each axis, squared steps.
    package let variances: [Float]

    package var count: Int { squares.count }

    init?(width: Int, means: [Int32], weights: [Int8], squares: [Int32], variances: [Float]) {
        guard (1...4096).contains(width), means.count == width, !squares.isEmpty,
            weights.count == width * squares.count, variances.count == squares.count,
            means.allSatisfy({ abs(Int64($0)) <= 1 << 12 }),
            squares.allSatisfy({ (0...1 << 23).contains($0) }), variances.allSatisfy({ $0 >= 0 })
        else { return nil }
        self.width = width
        self.means = means
        self.weights = weights
        self.squares = squares
        self.variances = variances
    }

    /// How many axes to keep.
    package enum Limit: Hashable, Sendable {
        case count(Int)
        /// As few as hold this share of the variance.
        case share(Double)
    }

    /// Fits to rows.
    package init(fitting rows: TrainingRows, keeping limit: Limit, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let rows = rows.sample(Self.mostRows, random: &random)
        let means = Self.means(of: rows)
        let (values, vectors) = SymmetricMatrix(covarianceOf: rows, means: means).eigen()
        let kept: Int
        switch limit {
        case .count(let number): kept = min(max(number, 1), rows.width)
        case .share(let share):
            let goal = values.reduce(0, +) * share
            var sum = 0.0
            kept =
                1
                + (values.firstIndex { value in
                    sum += value; return sum >= goal
                } ?? 0)
        }
        var weights: [Int8] = []
        var squares: [Int32] = []
        for vector in vectors.prefix(kept) {
            let step = (vector.map(abs).max() ?? 0) / 127
            weights += vector.map { Int8(min(max(($0 / max(step, 1e-9)).rounded(), -127), 127)) }
            squares.append(Int32((step * step * 0x1p36).rounded()))
        }
        width = rows.width
        self.means = means.map { Int32(($0 * 16).rounded()) }
        self.weights = weights
        self.squares = squares
        variances = values.prefix(kept).map { Float($0) }
    }

    /// Shares of the variance that the axes of rows hold, from the largest to the smallest; all zero if nothing varies.
    package static func spectrum(of rows: TrainingRows) -> [Double] {
        let values = SymmetricMatrix(covarianceOf: rows, means: means(of: rows)).eigen().values
        let total = max(values.reduce(0, +), .leastNormalMagnitude)
        return values.map { $0 / total }
    }

    private static func means(of rows: TrainingRows) -> [Double] {
        (0..<rows.width).map { feature in
            let sum = stride(from: feature, to: rows.values.count, by: rows.width).reduce(0) {
                $0 + Int(rows.values[$1])
            }
            return Double(sum) / Double(rows.count)
        }
    }

    /// A row about the means, in sixteenths of a step.
    func centered(_ row: ArraySlice<Int8>) -> [Int64] {
        zip(row, means).map { Int64($0) * 16 - Int64($1) }
    }

    /// A centered row along each axis, in units of the axis.
    func projection(of centered: [Int64]) -> [Int64] {
        (0..<count).map { axis in
            var sum: Int64 = 0
            for (weight, value) in zip(weights[axis * width..<(axis + 1) * width], centered) {
                sum &+= Int64(weight) &* value
            }
            return sum
        }
    }

    /// What is left of a centered row when the axes are taken out, in sixteenths of a step.
    func residual(of centered: [Int64]) -> [Int64] {
        // Lengths along the axes, times 2^12 and over the axis's unit.
        let lengths = zip(projection(of: centered), squares).map { ($0 * Int64($1) + 1 << 23) >> 24 }
        var rebuilt = [Int64](repeating: 1 << 11, count: width)
        for (axis, length) in lengths.enumerated() {
            for feature in 0..<width { rebuilt[feature] &+= Int64(weights[axis * width + feature]) &* length }
        }
        // Cut where no row of this grid gets to, so that squares can be summed.
        return zip(centered, rebuilt).map { min(max($0 - $1 >> 12, -1 << 20), 1 << 20) }
    }

    init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        let axes = PrincipalAxes(
            width: width, means: try file.integers(prefix + "means", as: .int32),
            weights: try file.integers(prefix + "weights", as: .int8),
            squares: try file.integers(prefix + "squares", as: .int32),
            variances: try file.floats(prefix + "variances"))
        guard let axes else { throw .malformed("the parts of '\(prefix)' do not fit together") }
        self = axes
    }

    func put(into file: inout ModelFile, prefix: String) {
        file.set(prefix + "means", means, as: .int32)
        file.set(prefix + "weights", weights, as: .int8, shape: [count, width])
        file.set(prefix + "squares", squares, as: .int32)
        file.set(prefix + "variances", variances)
    }
}
