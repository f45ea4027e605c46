/// What the principal components of usual rows leave unexplained.
///
/// M. Shyu et al., "A novel anomaly detection scheme based on principal component classifier", ICDM workshops 2003; the
/// squared residual is the Q statistic of J. Jackson, G. Mudholkar, Technometrics 21, 1979. As many components as hold
/// 95 % of the variance. The score is the squared residual in squared steps of the grid.
package struct PCAResidual: Model {
    package static let kind = ModelKind.pca
    /// Share of the variance that the components hold.
    package static let share = 0.95

    package let axes: PrincipalAxes

    package var width: Int { axes.width }

    package static func train(
        _ rows: TrainingRows, seed: UInt64, steps: Int?, progress: (Double) -> Void
    ) -> PCAResidual {
        PCAResidual(axes: PrincipalAxes(fitting: rows, keeping: .share(share), seed: seed))
    }

    private init(axes: PrincipalAxes) { self.axes = axes }

    package func scores(of rows: [Int8]) -> [Int32] {
        stride(from: 0, to: rows.count - rows.count % width, by: width).map { start in
            let residual = axes.residual(of: axes.centered(rows[start..<start + width]))
            return Int32(clamping: residual.reduce(0) { $0 &+ $1 &* $1 } >> 8)
        }
    }

    package func contributions(of row: ArraySlice<Int8>) -> [Double] {
        axes.residual(of: axes.centered(row)).map { Double($0) * Double($0) }
    }

    package init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        axes = try PrincipalAxes(file, prefix: prefix, width: width)
    }

    package func put(into file: inout ModelFile, prefix: String) { axes.put(into: &file, prefix: prefix) }
}
