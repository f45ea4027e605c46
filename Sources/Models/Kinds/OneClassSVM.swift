/// A one-class support vector machine with a Gaussian kernel, on random Fourier features.
///
/// B. Schölkopf et al., "Estimating the support of a high-dimensional distribution", Neural Computation 13, 2001; trained by
/// stochastic gradient descent with averaging of the later half (Pegasos: S. Shalev-Shwartz et al., ICML 2007). The score
/// is how much less a row's product with the weights is than that of the most usual row.
package struct OneClassSVM: Model {
    package static let kind = ModelKind.svm
    /// Share of the rows that may lie outside: scikit-learn's default.
    ///
    /// Where usual ends is not its business, the tail's calibration sees to that. With less, the weights hang on fewer rows,
    /// and on which frequencies were drawn.
    private static let nu: Float = 0.5
    private static let frequencies = 512
    private static let mostRows = 5_000
    private static let usualSteps = 40_000
    /// Score of a row that is unlike all that is usual, so that ln(1 + score) tells rows apart over the whole range.
    private static let far = 160_000.0

    private let features: FourierFeatures
    private let weights: [Int8]
    /// The most usual row's product with the weights, and what a unit less adds to the score, times 2^24.
    private let top: Int32
    private let scale: Int32

    package var width: Int { features.width }

    package static func train(
        _ rows: TrainingRows, seed: UInt64, steps: Int?, progress: (Double) -> Void
    ) -> OneClassSVM {
        let (features, weights, usual) = fit(rows, seed: seed, steps: steps, progress: progress)
        let step = max(weights.map(abs).max() ?? 0, 1e-9) / 127
        let integers = weights.map { Int8(($0 / step).rounded()) }
        let top = usual.map { product(integers, $0) }.max() ?? 0
        return OneClassSVM(features: features, weights: integers, top: top)
    }

    /// Weights before they are rounded, and the rows that they were fitted to, as cosines and sines.
    static func fit(
        _ rows: TrainingRows, seed: UInt64, steps: Int?, progress: (Double) -> Void
    ) -> (features: FourierFeatures, weights: [Float], usual: [[Int32]]) {
        var random = SeededGenerator(seed: seed)
        let rows = rows.sample(mostRows, random: &random)
        let features = FourierFeatures(
            width: rows.width, gamma: gamma(for: rows), frequencies: frequencies, random: &random)
        let values = (0..<rows.count).map { features.values(of: rows[$0]) }
        // So that each row has a length of one.
        let unit = 1 / (32_768 * Float(frequencies).squareRoot())
        let weights = solve(
            values.map { $0.map { Float($0) * unit } }, steps: steps ?? usualSteps, random: &random,
            progress: progress)
        return (features, weights, values)
    }

    /// The kernel's width, as scikit-learn's `scale`: one over the number of features and their variance.
    private static func gamma(for rows: TrainingRows) -> Double {
        let count = Double(rows.values.count)
        let mean = rows.values.reduce(0.0) { $0 + Double($1) } / count
        let variance = rows.values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        let step = Double(RobustScaler.step)
        return 1 / (Double(rows.width) * max(variance * step * step, 0.01))
    }

    private init(features: FourierFeatures, weights: [Int8], top: Int64) {
        self.features = features
        self.weights = weights
        self.top = Int32(clamping: max(top, 1))
        scale = Int32(clamping: Int64((Self.far / Double(self.top) * 0x1p24).rounded()))
    }

    /// The weights that minimize |w|^2 / 2 - rho + mean(max(0, rho - w x)) / nu, times any number.
    private static func solve(
        _ rows: [[Float]], steps: Int, random: inout SeededGenerator, progress: (Double) -> Void
    ) -> [Float] {
        var weights = [Float](repeating: 0, count: 2 * frequencies)
        var sum = weights
        var rho: Float = 0
        for step in 0..<steps {
            if step.isMultiple(of: 1_000) { progress(Double(step) / Double(steps)) }
            let row = rows[Int(random.next() % UInt64(rows.count))]
            var product: Float = 0
            for (weight, value) in zip(weights, row) { product += weight * value }
            let rate = 1 / Float(step + 100)
            let push: Float = product < rho ? 1 / nu : 0
            for index in weights.indices { weights[index] += rate * (push * row[index] - weights[index]) }
            rho += rate * (1 - push)
            guard step >= steps / 2 else { continue }
            for index in weights.indices { sum[index] += weights[index] }
        }
        return sum
    }

    private static func product(_ weights: [Int8], _ values: [Int32]) -> Int64 {
        var sum: Int64 = 0
        for (weight, value) in zip(weights, values) { sum &+= Int64(weight) &* Int64(value) }
        return sum >> 8
    }

    package func scores(of rows: [Int8]) -> [Int32] {
        stride(from: 0, to: rows.count - rows.count % width, by: width).map {
            let less = Int64(top) - Self.product(weights, features.values(of: rows[$0..<$0 + width]))
            return Int32(clamping: (min(max(0, less), 2 * Int64(top)) * Int64(scale)) >> 24)
        }
    }

    package init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        let features = try FourierFeatures(file, prefix: prefix, width: width)
        let weights: [Int8] = try file.integers(prefix + "weights", as: .int8)
        let top: [Int32] = try file.integers(prefix + "top", as: .int32)
        guard weights.count == features.count, top.count == 1, top[0] > 0 else {
            throw .malformed("the parts of '\(prefix)' do not fit together")
        }
        self.init(features: features, weights: weights, top: Int64(top[0]))
    }

    package func put(into file: inout ModelFile, prefix: String) {
        features.put(into: &file, prefix: prefix)
        file.set(prefix + "weights", weights, as: .int8)
        file.set(prefix + "top", [top], as: .int32)
    }
}
