import Features
package import Models
import Scoring
import Traffic

/// Why no model can be trained.
package enum TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Fewer windows than a model can be fitted to.
    case tooFewWindows(found: Int, needed: Int)
    /// Boosted trees learn from attacks, and there are none in either view.
    case noAttacks

    package var description: String {
        switch self {
        case .tooFewWindows(let found, let needed):
            "only \(found) windows were learned and \(needed) are needed: let it learn longer, or see more traffic"
        case .noAttacks:
            "boosted trees learn from windows labelled as attacks, and there are none: label some in a table of windows, or judge alerts by `sluice feedback`"
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
    ///   - kind: of model. A view without labelled attacks gets an autoencoder in place of one that needs them.
    ///   - components: principal components that the model shall see; `nil`: the features themselves.
    ///   - seed: equal sets and seeds give equal models on one machine.
    ///   - steps: of the kind's optimizer, if it has one; `nil`: as many as are enough.
    ///   - progress: called now and then with the part done, 0...1.
    /// - Returns: the site's model.
    /// - Throws: `TrainingError` if there are too few windows, or no attacks where they are needed.
    package static func train(
        _ set: TrainingSet, kind: ModelKind = .autoencoder, components: PrincipalAxes.Limit? = nil,
        seed: UInt64, steps: Int? = nil, progress: (Double) -> Void = { _ in }
    ) throws(TrainingError) -> SiteModel {
        let fewest = min(set.source.count, set.destination.count)
        guard fewest >= fewestWindows else { throw .tooFewWindows(found: fewest, needed: fewestWindows) }
        guard !kind.needsLabels || !set.source.attacks.isEmpty || !set.destination.attacks.isEmpty else {
            throw .noAttacks
        }
        func trained(
            _ usual: TrainingRows, _ attacks: [Int8], _ progress: (Double) -> Void
        ) -> TrainedModel {
            let learnsAttacks = kind.needsLabels && !attacks.isEmpty
            return TrainedModel(
                kind.needsLabels && !learnsAttacks ? .autoencoder : kind,
                training: learnsAttacks ? usual.with(attacks: attacks) : usual,
                components: components, seed: seed, steps: steps, progress: progress)
        }
        let source = view(set.source, shipped: set.shipped.source, seed: seed) {
            trained($0, $1) { progress($0 / 2) }
        }
        let destination = view(set.destination, shipped: set.shipped.destination, seed: seed) {
            trained($0, $1) { progress(0.5 + $0 / 2) }
        }
        progress(1)
        let seconds = set.learned.components.seconds
        let whose = ["site", set.group].compactMap(\.self).joined(separator: "-")
        var model = SiteModel(
            name: "\(whose)-\(seconds)s-\(set.source.count)w-\(seed)", learned: set.learned,
            windowsPerHour: set.windowsPerHour, source: source, destination: destination)
        model.provenance = [
            "seed": "\(seed)", "source windows": "\(set.source.count)",
            "destination windows": "\(set.destination.count)",
        ]
        for (key, count) in [
            ("windows left out", set.leftOut.odd), ("windows in quarantine", set.leftOut.quarantined),
            ("windows beyond an entity's share", set.leftOut.beyondShare),
            ("recordings left out", set.outdated.recordings), ("alerts left out", set.outdated.alerts),
        ] where count > 0 { model.provenance[key] = "\(count)" }
        model.provenance[SiteModel.groupKey] = set.group
        return model
    }

    private static func view(
        _ view: TrainingSet.View, shipped: ShippedModel.View, seed: UInt64,
        train: (_ usual: TrainingRows, _ attacks: [Int8]) -> TrainedModel
    ) -> SiteModel.View {
        let width = FeatureSchema.count
        let scaler = RobustScaler(fitting: view.rows, width: width)
        var rows: [Int8] = []
        var shippedRows: [Int8] = []
        for start in stride(from: 0, to: view.rows.count, by: width) {
            scaler.quantize(view.rows[start..<start + width], into: &rows)
            shipped.scaler.quantize(view.rows[start..<start + width], into: &shippedRows)
        }
        var attacks: [Int8] = []
        for start in stride(from: 0, to: view.attacks.count, by: width) {
            scaler.quantize(view.attacks[start..<start + width], into: &attacks)
        }
        let usual = TrainingRows(rows, width: width)
        let model = train(usual, attacks)
        let scorer = Scorer(model)
        let scores = scorer.scores(of: rows).map(Opinions.compress(error:))
        let tail = PeaksOverThreshold(fitting: scores)
        let table = Opinions(shipped: shipped, site: nil)
        let opinions = scores.indices.map { index in
            var opinion = table.judge(shippedRows[index * width..<(index + 1) * width])
            opinion.site = tail.surprise(of: scores[index])
            return opinion.score
        }
        return SiteModel.View(
            scaler: scaler, model: model, tail: tail, opinion: PeaksOverThreshold(fitting: opinions),
            importance: Importance.unlabelled(of: usual, seed: seed, scores: scorer.scores),
            spectrum: PrincipalAxes.spectrum(of: usual).map { Float($0) }, reference: Reference(of: view.rows)
        )
    }
}
