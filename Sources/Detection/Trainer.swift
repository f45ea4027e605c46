import Features
import Models
import Scoring

/// Why no model can be trained.
package enum TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Fewer windows than a model can be fitted to.
    case tooFewWindows(found: Int, needed: Int)

    package var description: String {
        switch self {
        case .tooFewWindows(let found, let needed):
            "only \(found) windows were learned and \(needed) are needed: let it learn longer, or see more traffic"
        }
    }
}

/// Trains a model of a site.
package enum Trainer {
    /// Fewer windows say nothing about what is usual.
    package static let fewestWindows = 50

    /// Trains on what a detector has collected.
    ///
    /// Takes seconds; runs on any thread.
    ///
    /// - Parameters:
    ///   - set: the windows.
    ///   - seed: equal sets and seeds give equal models on one machine.
    ///   - steps: batches that each view's model learns from.
    ///   - progress: called now and then with the part done, 0...1.
    /// - Returns: the site's model.
    /// - Throws: `TrainingError` if there are too few windows.
    package static func train(
        _ set: TrainingSet, seed: UInt64, steps: Int = AutoencoderTraining.usualSteps,
        progress: (Double) -> Void = { _ in }
    ) throws(TrainingError) -> SiteModel {
        let fewest = min(set.source.count, set.destination.count)
        guard fewest >= fewestWindows else { throw .tooFewWindows(found: fewest, needed: fewestWindows) }
        let source = view(set.source, shipped: set.shipped.source, seed: seed, steps: steps) {
            progress($0 / 2)
        }
        let destination = view(set.destination, shipped: set.shipped.destination, seed: seed, steps: steps) {
            progress(0.5 + $0 / 2)
        }
        progress(1)
        let seconds = set.learned.components.seconds
        return SiteModel(
            name: "site-\(seconds)s-\(set.source.count)w-\(seed)", learned: set.learned,
            windowsPerHour: set.windowsPerHour, source: source, destination: destination)
    }

    private static func view(
        _ view: TrainingSet.View, shipped: ShippedModel.View, seed: UInt64, steps: Int,
        progress: (Double) -> Void
    ) -> SiteModel.View {
        let width = FeatureSchema.count
        let scaler = RobustScaler(fitting: view.rows, width: width)
        var rows: [Int8] = []
        var shippedRows: [Int8] = []
        for start in stride(from: 0, to: view.rows.count, by: width) {
            scaler.quantize(view.rows[start..<start + width], into: &rows)
            shipped.scaler.quantize(view.rows[start..<start + width], into: &shippedRows)
        }
        var training = AutoencoderTraining(rows: rows, width: width, seed: seed)
        let autoencoder = training.run(steps: steps, progress: progress)
        let scores = BatchScorer(autoencoder).scores(of: rows).map(Opinions.compress(error:))
        let tail = PeaksOverThreshold(fitting: scores)
        let table = Opinions(shipped: shipped, site: nil)
        let opinions = scores.indices.map { index in
            var opinion = table.judge(shippedRows[index * width..<(index + 1) * width])
            opinion.site = tail.surprise(of: scores[index])
            return opinion.score
        }
        return SiteModel.View(
            scaler: scaler, autoencoder: autoencoder, tail: tail,
            opinion: PeaksOverThreshold(fitting: opinions))
    }
}
