import Features
import Models
import RealModule
import Scoring

/// What both models say about one window, each as -log10 of the probability that benign traffic goes as far.
struct Opinion {
    /// The shipped table's, and the group of features that made it.
    var table = 0.0
    var group = FeatureGroup.volume
    /// The site model's; `nil` before there is one.
    var site: Double?

    /// The mean of the two; before there is a site model, the table's alone.
    var score: Double { site.map { ($0 + table) / 2 } ?? table }
}

/// Scores windows of one view by the models.
struct Opinions {
    let shipped: ShippedModel.View
    let site: SiteModel.View?
    private let scorer: Scorer?

    init(shipped: ShippedModel.View, site: SiteModel.View?) {
        self.shipped = shipped
        self.site = site
        scorer = site.map { Scorer($0.model) }
    }

    /// The opinion on each row of a batch.
    func judge(_ batch: WindowBatch) -> [Opinion] { judge(features: batch.features) }

    /// The opinion on each window, by its features alone, which stand row by row.
    func judge(features: [Float]) -> [Opinion] {
        var places: [Int8] = []
        places.reserveCapacity(features.count)
        let width = FeatureSchema.count
        let rows = stride(from: 0, to: features.count - features.count % width, by: width)
        var opinions: [Opinion] = []
        opinions.reserveCapacity(features.count / width)
        for row in rows {
            shipped.scaler.quantize(features[row..<row + width], into: &places)
            opinions.append(judge(places[row..<row + width]))
        }
        guard let site, let scorer else { return opinions }
        places.removeAll(keepingCapacity: true)
        for row in rows { site.scaler.quantize(features[row..<row + width], into: &places) }
        for (row, score) in scorer.scores(of: places).enumerated() {
            opinions[row].site = site.tail.surprise(of: Self.compress(error: score))
        }
        return opinions
    }

    /// The table's opinion on one row of int8 features.
    func judge(_ row: ArraySlice<Int8>) -> Opinion {
        let result = shipped.table.score(row)
        return Opinion(
            table: shipped.tail.surprise(of: Self.compress(table: result.score)),
            group: FeatureGroup.allCases[result.group])
    }

    /// ln(1 + mean squared error) of an autoencoder's score; other kinds' scores are brought into the same range.
    static func compress(error score: Int32) -> Double {
        .log(onePlus: Double(score) / 256 / Double(FeatureSchema.count))
    }

    /// ln(1 + decades) of a table's score.
    static func compress(table score: Int32) -> Double {
        .log(onePlus: Double(score) / Double(TailTable.unitsPerDecade))
    }
}
