/// A model of rows of int8 features: the higher the score, the odder the row.
///
/// Trained in floating point or by counting, scored by integer arithmetic only, so that a row has the same score on
/// every machine. Scores have no unit that models share; `PeaksOverThreshold` makes probabilities of them.
package protocol Model: Hashable, Sendable {
    static var kind: ModelKind { get }

    /// Features in a row.
    var width: Int { get }

    /// Trains; the same rows and seed give the same model on the same machine.
    ///
    /// `steps` is for an optimizer, if it has one (`nil`: as many as are enough); `progress` is called now and then with the
    /// part done, 0...1.
    static func train(
        _ rows: TrainingRows, seed: UInt64, steps: Int?, progress: (Double) -> Void
    ) -> Self

    /// Scores rows, one after another in `rows`; no score is negative.
    func scores(of rows: [Int8]) -> [Int32]

    /// How much each feature has to do with the row's score: not negative, in any unit.
    func contributions(of row: ArraySlice<Int8>) -> [Double]

    /// Reads the model's tensors, whose names begin with the prefix.
    init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError)

    /// Writes them.
    func put(into file: inout ModelFile, prefix: String)
}

extension Model {
    package func contributions(of row: ArraySlice<Int8>) -> [Double] {
        Occlusion.contributions(of: row, scores: scores)
    }
}

/// The kinds of models, by the names they have in files, configuration and commands.
package enum ModelKind: String, CaseIterable, Sendable {
    case autoencoder, pca, forest, kmeans, svm, trees

    package var type: any Model.Type {
        switch self {
        case .autoencoder: Autoencoder.self
        case .pca: PCAResidual.self
        case .forest: IsolationForest.self
        case .kmeans: KMeans.self
        case .svm: OneClassSVM.self
        case .trees: BoostedTrees.self
        }
    }

    /// Whether it learns from rows of attacks too, and so cannot be trained without labels.
    package var needsLabels: Bool { self == .trees }
}

/// Rows to train on.
package struct TrainingRows: Sendable {
    /// int8 features, row by row.
    package let values: [Int8]
    package let width: Int
    /// Whether each row is of an attack; `nil`: none is.
    package let labels: [Bool]?

    package var count: Int { values.count / width }

    /// - Precondition: whole rows, at least one, and a label for each if there are labels.
    package init(_ values: [Int8], width: Int, labels: [Bool]? = nil) {
        precondition(
            width > 0 && !values.isEmpty && values.count.isMultiple(of: width), "whole rows, at least one")
        precondition(labels.map { $0.count == values.count / width } ?? true, "a label for each row")
        self.values = values
        self.width = width
        self.labels = labels
    }

    /// These rows as good ones, and others as attacks.
    package func with(attacks: [Int8]) -> TrainingRows {
        TrainingRows(
            values + attacks, width: width,
            labels: Array(repeating: false, count: count)
                + Array(repeating: true, count: attacks.count / width))
    }

    subscript(row: Int) -> ArraySlice<Int8> { values[row * width..<(row + 1) * width] }

    /// At most this many rows, picked at random without repetition.
    func sample(_ limit: Int, random: inout SeededGenerator) -> TrainingRows {
        guard count > limit else { return self }
        let picked = (0..<count).shuffled(using: &random).prefix(limit).sorted()
        return TrainingRows(
            picked.flatMap { self[$0] }, width: width, labels: labels.map { all in picked.map { all[$0] } })
    }
}
