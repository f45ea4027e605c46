package import Models

/// Scores many rows at a time by a model of any kind; the fastest way there is for it.
package struct Scorer: Sendable {
    private let trained: TrainedModel
    private let batch: BatchScorer?

    package init(_ trained: TrainedModel) {
        self.trained = trained
        batch = (trained.model as? Autoencoder).map { BatchScorer($0) }
    }

    /// The scores that `TrainedModel.scores(of:)` gives.
    package func scores(of rows: [Int8]) -> [Int32] {
        batch?.scores(of: trained.projection?.apply(to: rows) ?? rows) ?? trained.scores(of: rows)
    }
}
