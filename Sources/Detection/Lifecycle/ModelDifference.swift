package import Features
import Models
import Traffic

/// How what is usual by one feature changed from one model of a site to another.
package struct ModelDifference: Hashable, Sendable {
    package var view: Entity.View
    /// As in `FeatureSchema`.
    package var feature: String
    /// Medians, in the unit that people read.
    package var before: Double
    package var after: Double
    /// Distance of the medians, in robust deviations of the earlier model.
    package var shift: Double
}

extension SiteModel {
    /// Differences from an earlier model of the site, the largest shift first.
    package func differences(from earlier: SiteModel) -> [ModelDifference] {
        let all = Entity.View.allCases.flatMap { view in
            let (before, after) = (earlier[view].scaler, self[view].scaler)
            return FeatureSchema.features.enumerated().map { index, description in
                let quantity = { (scaler: RobustScaler) in
                    description.scale.quantity(of: Double(scaler.medians[index]))
                }
                return ModelDifference(
                    view: view, feature: description.name, before: quantity(before), after: quantity(after),
                    shift: Double((after.medians[index] - before.medians[index]) / before.deviations[index]))
            }
        }
        return all.sorted { abs($0.shift) > abs($1.shift) }
    }
}
