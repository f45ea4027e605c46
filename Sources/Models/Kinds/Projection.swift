/// Principal components as features of their own: rows of int8 components for a model to look at.
///
/// Each component is put on the grid at unit variance, so that a small one counts as much as a large one.
package struct Projection: Hashable, Sendable {
    package let axes: PrincipalAxes
    /// A product's place on the grid, times 2^32, for each axis.
    private let multipliers: [Int32]

    package var width: Int { axes.count }

    /// Fits to rows.
    package init(fitting rows: TrainingRows, keeping limit: PrincipalAxes.Limit, seed: UInt64) {
        self.init(axes: PrincipalAxes(fitting: rows, keeping: limit, seed: seed))
    }

    private init(axes: PrincipalAxes) {
        self.axes = axes
        multipliers = zip(axes.squares, axes.variances).map { square, variance in
            let unit = (Double(square) / 0x1p36).squareRoot() / 16
            // A component that hardly varies is not blown up beyond the grid's own steps.
            let deviation = max(Double(variance).squareRoot(), 1)
            return Int32((unit / deviation / Double(RobustScaler.step) * 0x1p32).rounded())
        }
    }

    /// The components of rows, one row after another.
    package func apply(to rows: [Int8]) -> [Int8] {
        var result: [Int8] = []
        result.reserveCapacity(rows.count / axes.width * axes.count)
        for start in stride(from: 0, to: rows.count - rows.count % axes.width, by: axes.width) {
            let centered = axes.centered(rows[start..<start + axes.width])
            for (product, multiplier) in zip(axes.projection(of: centered), multipliers) {
                let place = (product * Int64(multiplier) + 1 << 31) >> 32
                result.append(Int8(min(max(place, -127), 127)))
            }
        }
        return result
    }

    init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        self.init(axes: try PrincipalAxes(file, prefix: prefix, width: width))
    }

    func put(into file: inout ModelFile, prefix: String) { axes.put(into: &file, prefix: prefix) }
}
