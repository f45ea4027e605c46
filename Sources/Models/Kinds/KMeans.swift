/// Distance to the nearest of k means.
///
/// Lloyd's iteration (S. Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28, 1982) from seeds by
/// k-means++ (D. Arthur, S. Vassilvitskii, SODA 2007), three times over: it ends in the optimum next to its seeds, so the best of
/// several is kept. Means are rounded to the grid in every round, so that what was
/// trained is what is scored. The score is the squared distance in steps of the grid, which is nearly 1/256 of a
/// squared deviation.
package struct KMeans: Model {
    package static let kind = ModelKind.kmeans
    private static let usualCount = 32
    private static let mostRows = 10_000
    private static let rounds = 25
    private static let attempts = 3

    package let width: Int
    /// The means, one after another.
    package let centers: [Int8]

    package init?(width: Int, centers: [Int8]) {
        guard (1...4096).contains(width), !centers.isEmpty, centers.count.isMultiple(of: width) else {
            return nil
        }
        self.width = width
        self.centers = centers
    }

    package func scores(of rows: [Int8]) -> [Int32] {
        stride(from: 0, to: rows.count - rows.count % width, by: width).map {
            nearest(to: rows[$0..<$0 + width]).distance
        }
    }

    package func contributions(of row: ArraySlice<Int8>) -> [Double] {
        let center = nearest(to: row).index * width
        return zip(row, centers[center..<center + width]).map {
            let difference = Double($0) - Double($1)
            return difference * difference
        }
    }

    private func nearest(to row: ArraySlice<Int8>) -> (index: Int, distance: Int32) {
        var result = (index: 0, distance: Int32.max)
        for index in 0..<centers.count / width {
            let distance = Self.distance(row, centers[index * width..<(index + 1) * width])
            if distance < result.distance { result = (index, distance) }
        }
        return result
    }

    /// At most 4,096 times 255 squared, which fits.
    private static func distance(_ one: ArraySlice<Int8>, _ other: ArraySlice<Int8>) -> Int32 {
        var sum: Int32 = 0
        for (a, b) in zip(one, other) {
            let difference = Int32(a) &- Int32(b)
            sum &+= difference &* difference
        }
        return sum
    }

    package static func train(
        _ rows: TrainingRows, seed: UInt64, steps: Int?, progress: (Double) -> Void
    ) -> KMeans {
        var random = SeededGenerator(seed: seed)
        let rows = rows.sample(mostRows, random: &random)
        var best = descend(rows, random: &random) { progress($0 / Double(attempts)) }
        for attempt in 1..<attempts {
            let other = descend(rows, random: &random) { progress((Double(attempt) + $0) / Double(attempts)) }
            if other.distance < best.distance { best = other }
        }
        return best.model
    }

    /// From one choice of seeds to the optimum next to it.
    private static func descend(
        _ rows: TrainingRows, random: inout SeededGenerator, progress: (Double) -> Void
    ) -> (model: KMeans, distance: Int) {
        var model = KMeans(width: rows.width, seeds: seeds(rows, random: &random))
        for round in 0..<rounds {
            progress(Double(round) / Double(rounds))
            let next = KMeans(width: rows.width, seeds: model.means(of: rows))
            if next == model { break }
            model = next
        }
        return (model, model.distance(of: rows))
    }

    /// The sum of all rows' scores, of which training seeks the least.
    private func distance(of rows: TrainingRows) -> Int {
        (0..<rows.count).reduce(0) { $0 + Int(nearest(to: rows[$1]).distance) }
    }

    private init(width: Int, seeds: [Int8]) {
        self.width = width
        centers = seeds
    }

    /// Each next seed is a row, with a probability that grows with the squared distance to the nearest seed so far.
    private static func seeds(_ rows: TrainingRows, random: inout SeededGenerator) -> [Int8] {
        var seeds = Array(rows[Int(random.next() % UInt64(rows.count))])
        var distances = (0..<rows.count).map { Int64(distance(rows[$0], seeds[...])) }
        while seeds.count < usualCount * rows.width {
            let total = distances.reduce(0, +)
            guard total > 0 else { break }
            var place = Int64(random.next() % UInt64(total))
            let picked = distances.firstIndex { distance in
                place -= distance
                return place < 0
            }
            let seed = rows[picked ?? 0]
            seeds += seed
            for row in 0..<rows.count {
                distances[row] = min(distances[row], Int64(distance(rows[row], seed)))
            }
        }
        return seeds
    }

    /// The means of the rows that are nearest to each center; a center without rows stays.
    private func means(of rows: TrainingRows) -> [Int8] {
        var sums = [Int](repeating: 0, count: centers.count)
        var counts = [Int](repeating: 0, count: centers.count / width)
        for row in 0..<rows.count {
            let index = nearest(to: rows[row]).index
            counts[index] += 1
            for (feature, value) in rows[row].enumerated() { sums[index * width + feature] += Int(value) }
        }
        return centers.indices.map { place in
            let count = counts[place / width]
            guard count > 0 else { return centers[place] }
            return Int8((Double(sums[place]) / Double(count)).rounded())
        }
    }

    package init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        guard let model = KMeans(width: width, centers: try file.integers(prefix + "centers", as: .int8))
        else { throw .malformed("the centers of '\(prefix)' are no rows of \(width)") }
        self = model
    }

    package func put(into file: inout ModelFile, prefix: String) {
        file.set(prefix + "centers", centers, as: .int8, shape: [centers.count / width, width])
    }
}
