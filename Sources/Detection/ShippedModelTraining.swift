package import Features
import Models
package import Traffic

/// Makes the shipped model from benign captures.
///
/// `sluice train` runs it, so that the file in `Resources` can be made anew by one command.
package struct ShippedModelTraining: ~Copyable {
    /// Rows that one capture gives at most in each view, so that a long capture does not outweigh all others.
    private static let rowsPerCapture = 20_000

    private let configuration: WindowConfiguration
    private var builder: WindowBuilder
    private var capture: (source: RowSampler, destination: RowSampler)
    private var pool: (source: [Float], destination: [Float]) = ([], [])

    package init(configuration: WindowConfiguration = WindowConfiguration()) {
        self.configuration = configuration
        builder = WindowBuilder(configuration: configuration)
        capture = (RowSampler(limit: Self.rowsPerCapture), RowSampler(limit: Self.rowsPerCapture))
    }

    /// Takes in one reading of the current capture.
    package mutating func add(_ reading: Reading) {
        let batches = builder.observe(reading)
        capture.source.add(batches.source, now: reading.end)
        capture.destination.add(batches.destination, now: reading.end)
    }

    /// Ends the current capture; readings that follow belong to the next.
    package mutating func endCapture() {
        pool.source += capture.source.rows
        pool.destination += capture.destination.rows
        builder = WindowBuilder(configuration: configuration)
        capture = (RowSampler(limit: Self.rowsPerCapture), RowSampler(limit: Self.rowsPerCapture))
    }

    /// Windows collected so far.
    package var count: (source: Int, destination: Int) {
        (pool.source.count / FeatureSchema.count, pool.destination.count / FeatureSchema.count)
    }

    /// Fits the model to all captures.
    package func train(name: String) throws(TrainingError) -> ShippedModel {
        ShippedModel(name: name, source: try fit(pool.source), destination: try fit(pool.destination))
    }

    private func fit(_ rows: [Float]) throws(TrainingError) -> ShippedModel.View {
        let width = FeatureSchema.count
        guard rows.count >= Trainer.fewestWindows * width else {
            throw .tooFewWindows(found: rows.count / width, needed: Trainer.fewestWindows)
        }
        let scaler = RobustScaler(fitting: rows, width: width)
        var places: [Int8] = []
        for start in stride(from: 0, to: rows.count, by: width) {
            scaler.quantize(rows[start..<start + width], into: &places)
        }
        let groups = FeatureGroup.allCases.map { group in
            FeatureSchema.features.filter { $0.groups.contains(group) }.map(\.feature.rawValue)
        }
        guard let table = TailTable(fitting: places, width: width, groups: groups) else {
            preconditionFailure("the schema's groups name its features")
        }
        let scores = stride(from: 0, to: places.count, by: width).map {
            Opinions.compress(table: table.score(places[$0..<$0 + width]).score)
        }
        return ShippedModel.View(scaler: scaler, table: table, tail: PeaksOverThreshold(fitting: scores))
    }
}
