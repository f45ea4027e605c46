import Features

/// Finds out what would have had to be otherwise for there to be no verdict.
struct Counterfactual {
    let window: Window
    let opinions: Opinions
    /// What is taken off the score of the entity.
    let usualScore: Double
    let threshold: Double

    /// Values of the leading features with which the window would have stayed under the threshold.
    ///
    /// As few as possible of them are moved, all by the same part of the way to what is usual, and no further than needed.
    ///
    /// - Parameters:
    ///   - row: the window's features.
    ///   - leading: indices of features, those that made the most of the score first.
    ///   - usual: what is usual of each feature, on the same scale.
    /// - Returns: values by feature; empty if all of them together are not enough.
    func bounds(_ row: [Float], leading: [Int], usual: [Float]) -> [Int: Float] {
        guard
            let count = (1...max(1, leading.count)).first(where: {
                $0 <= leading.count
                    && score(row, moving: leading.prefix($0), by: 1, towards: usual) < threshold
            })
        else { return [:] }
        let moved = leading.prefix(count)
        var (least, most): (Float, Float) = (0, 1)
        for _ in 0..<8 {
            let middle = (least + most) / 2
            if score(row, moving: moved, by: middle, towards: usual) < threshold {
                most = middle
            } else {
                least = middle
            }
        }
        return Dictionary(uniqueKeysWithValues: moved.map { ($0, row[$0] + most * (usual[$0] - row[$0])) })
    }

    private func score(
        _ row: [Float], moving features: ArraySlice<Int>, by part: Float, towards usual: [Float]
    ) -> Double {
        var other = row
        for feature in features { other[feature] += part * (usual[feature] - other[feature]) }
        var batch = WindowBatch()
        batch.append(window, other[...])
        return (opinions.judge(batch).first?.score ?? 0) - usualScore
    }
}
