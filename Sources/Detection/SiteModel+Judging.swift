package import Features
import Models
import Scoring
import Traffic

extension SiteModel {
    /// The model's score of each window of a table, and -log10 of the probability that usual traffic scores as high.
    package func judge(_ rows: [WindowTable.Row]) -> [(score: Int32, surprise: Double)] {
        var result = [(score: Int32, surprise: Double)](repeating: (0, 0), count: rows.count)
        for side in Entity.View.allCases {
            let part = self[side]
            let places = rows.indices.filter { rows[$0].view == side }
            let scores = Scorer(part.model).scores(of: part.scaler.quantize(places.map { rows[$0].features }))
            for (place, score) in zip(places, scores) {
                result[place] = (score, part.tail.surprise(of: Opinions.compress(error: score)))
            }
        }
        return result
    }
}

extension SiteModel {
    /// The area under the ROC curve among labelled windows of a view, and what shuffling each feature takes off it.
    ///
    /// - Returns: `nil` without both good and bad windows of this view.
    package func importance(
        by rows: [WindowTable.Row], in side: Entity.View
    ) -> (area: Double, losses: [Double])? {
        let part = self[side]
        let good = part.scaler.quantize(rows.filter { $0.view == side && !$0.isAttack }.map(\.features))
        let bad = part.scaler.quantize(rows.filter { $0.view == side && $0.isAttack }.map(\.features))
        guard !good.isEmpty, !bad.isEmpty else { return nil }
        let labelled = TrainingRows(good, width: FeatureSchema.count).with(attacks: bad)
        let scorer = Scorer(part.model)
        let area = Importance.area(scorer.scores(of: labelled.values), labelled.labels ?? [])
        return (area, Importance.labelled(of: labelled, seed: 1, scores: scorer.scores))
    }
}

extension RobustScaler {
    /// Rows on the grid, one after another.
    func quantize(_ rows: [[Float]]) -> [Int8] {
        var result: [Int8] = []
        for row in rows { quantize(row[...], into: &result) }
        return result
    }
}

extension SiteModel {
    /// What both models together say of windows of a view: the score, and whether it would be worth an alert.
    ///
    /// By the windows alone, as features row by row: what entities are used to, and what can be counted beside, is not known
    /// of them.
    package func judge(
        _ rows: [Float], in side: Entity.View, shipped: ShippedModel, falseAlarmsPerDay: Double
    ) -> [(score: Double, isAlert: Bool)] {
        let bars = Bars(site: self, view: side, budget: AlarmBudget(acceptedPerDay: falseAlarmsPerDay))
        let opinions = Opinions(shipped: shipped[side], site: isTrusted ? self[side] : nil)
        return opinions.judge(features: rows).map { ($0.score, bars.isAlert(score: $0.score, $0)) }
    }
}
