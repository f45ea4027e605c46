import Features
import Models
import Traffic

/// One model at work in a view: what it says of windows and why, and how far traffic has moved from it.
struct WorkingModel {
    /// Whose model it is; `nil`: everybody's who has none of his own.
    let group: String?
    /// `nil` before there is one.
    let site: SiteModel?
    let opinions: Opinions
    let explainer: Explainer
    /// Names of both models that judge, as verdicts carry them.
    let name: String
    var drifting: Drift?
    var usuals = Usuals()
    /// Alarms by score without countable evidence so far, one an entity and hour.
    var alarms = 0

    init(_ view: Entity.View, of group: String?, shipped: ShippedModel, site: SiteModel?) {
        self.group = group
        self.site = site
        opinions = Opinions(shipped: shipped[view], site: site.flatMap { $0.isTrusted ? $0[view] : nil })
        explainer = Explainer(shipped: shipped[view], site: site?[view])
        name = [shipped.name, site?.name].compactMap(\.self).joined(separator: " + ")
        drifting = site.map { Drift(view, of: group, from: $0[view]) }
    }
}
