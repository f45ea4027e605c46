/// A symmetric matrix, as far as principal components need it.
struct SymmetricMatrix {
    let size: Int
    /// Row by row.
    var values: [Double]

    /// The covariance of rows about their means, in steps of the grid.
    init(covarianceOf rows: TrainingRows, means: [Double]) {
        size = rows.width
        values = Array(repeating: 0, count: size * size)
        var centered = [Double](repeating: 0, count: size)
        for row in 0..<rows.count {
            for (feature, value) in rows[row].enumerated() {
                centered[feature] = Double(value) - means[feature]
            }
            for one in 0..<size {
                let factor = centered[one]
                guard factor != 0 else { continue }
                for other in one..<size { values[one * size + other] += factor * centered[other] }
            }
        }
        for one in 0..<size {
            for other in one..<size {
                values[one * size + other] /= Double(rows.count)
                values[other * size + one] = values[one * size + other]
            }
        }
    }

    /// Eigenvalues from the largest to the smallest, and the eigenvectors to them, by Jacobi's rotations.
    ///
    /// G. Golub, C. Van Loan, "Matrix Computations", section 8.5.
    func eigen() -> (values: [Double], vectors: [[Double]]) {
        var matrix = values
        // Eigenvectors row by row.
        var vectors = [Double](repeating: 0, count: size * size)
        for index in 0..<size { vectors[index * size + index] = 1 }
        let enough = matrix.map { $0 * $0 }.reduce(0, +) * 1e-20
        for _ in 0..<30 {
            var rest = 0.0
            for p in 0..<size {
                for q in p + 1..<max(size, p + 1) {
                    let off = matrix[p * size + q]
                    rest += off * off
                    guard off * off > enough / Double(size * size) else { continue }
                    let half = (matrix[q * size + q] - matrix[p * size + p]) / (2 * off)
                    let tangent = (half < 0 ? -1 : 1) / (abs(half) + (half * half + 1).squareRoot())
                    let cosine = 1 / (tangent * tangent + 1).squareRoot()
                    let sine = tangent * cosine
                    for k in 0..<size {
                        let (a, b) = (matrix[k * size + p], matrix[k * size + q])
                        matrix[k * size + p] = cosine * a - sine * b
                        matrix[k * size + q] = sine * a + cosine * b
                    }
                    for k in 0..<size {
                        let (a, b) = (matrix[p * size + k], matrix[q * size + k])
                        matrix[p * size + k] = cosine * a - sine * b
                        matrix[q * size + k] = sine * a + cosine * b
                        let (c, d) = (vectors[p * size + k], vectors[q * size + k])
                        vectors[p * size + k] = cosine * c - sine * d
                        vectors[q * size + k] = sine * c + cosine * d
                    }
                }
            }
            if rest <= enough { break }
        }
        let order = (0..<size).sorted { matrix[$0 * size + $0] > matrix[$1 * size + $1] }
        return (
            order.map { max(0, matrix[$0 * size + $0]) },
            order.map { Array(vectors[$0 * size..<($0 + 1) * size]) }
        )
    }
}
