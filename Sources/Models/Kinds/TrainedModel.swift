/// A model of any kind, with the principal components before it, if it looks at those.
package struct TrainedModel: Sendable {
    package let model: any Model
    package let projection: Projection?

    /// Trains a model of a kind.
    ///
    /// - Parameters:
    ///   - kind: of the model.
    ///   - rows: to train on, with labels if the kind needs them.
    ///   - components: how many principal components the model shall see; `nil`: the rows themselves.
    ///   - seed: the same rows and seed give the same model.
    ///   - steps: of an optimizer, if the kind has one; `nil`: as many as are enough.
    ///   - progress: called now and then with the part done, 0...1.
    package init(
        _ kind: ModelKind, training rows: TrainingRows, components: PrincipalAxes.Limit? = nil, seed: UInt64,
        steps: Int? = nil, progress: (Double) -> Void = { _ in }
    ) {
        guard let components else {
            projection = nil
            model = kind.type.train(rows, seed: seed, steps: steps, progress: progress)
            return
        }
        let projection = Projection(fitting: rows, keeping: components, seed: seed)
        let projected = TrainingRows(
            projection.apply(to: rows.values), width: projection.width, labels: rows.labels)
        self.projection = projection
        model = kind.type.train(projected, seed: seed, steps: steps, progress: progress)
    }

    package var kind: ModelKind { type(of: model).kind }

    /// Features in a row.
    package var width: Int { projection?.axes.width ?? model.width }

    /// Scores rows, one after another; no score is negative.
    package func scores(of rows: [Int8]) -> [Int32] {
        model.scores(of: projection?.apply(to: rows) ?? rows)
    }

    /// How much each feature has to do with the row's score: not negative, in any unit.
    package func contributions(of row: ArraySlice<Int8>) -> [Double] {
        projection == nil ? model.contributions(of: row) : Occlusion.contributions(of: row, scores: scores)
    }

    /// Reads the tensors under a prefix.
    package init(
        _ file: ModelFile, prefix: String, kind: ModelKind, width: Int
    ) throws(ModelFileError) {
        let axes = prefix + "components."
        projection =
            file.tensors[axes + "weights"] == nil
            ? nil : try Projection(file, prefix: axes, width: width)
        model = try kind.type.init(
            file, prefix: prefix + kind.rawValue + ".", width: projection?.width ?? width)
    }

    /// Writes them; the kind is in their names.
    package func put(into file: inout ModelFile, prefix: String) {
        projection?.put(into: &file, prefix: prefix + "components.")
        model.put(into: &file, prefix: prefix + kind.rawValue + ".")
    }
}

/// Which features a score hangs on, found by asking again without each.
enum Occlusion {
    /// What the score loses when a feature is put in the middle of what is usual, where the grid is zero.
    static func contributions(of row: ArraySlice<Int8>, scores: ([Int8]) -> [Int32]) -> [Double] {
        var rows = Array(row)
        for feature in 0..<row.count {
            rows += row
            rows[(feature + 1) * row.count + feature] = 0
        }
        let all = scores(rows)
        return all.dropFirst().map { max(0, Double(all[0]) - Double($0)) }
    }
}
