import Features
import Models
import Traffic

/// Says why a window is out of the ordinary.
struct Explainer {
    private static let mostFeatures = 6

    let shipped: ShippedModel.View
    let site: SiteModel.View?

    func verdict(
        on window: Window, features: ArraySlice<Float>, opinion: Opinion, decision: Bars.Decision,
        finding: Finding?, counterfactual: Counterfactual, time: Timestamp, model: String
    ) -> Verdict {
        var contributions = contributions(features, opinion: opinion, finding: finding)
        let others = setBounds(
            of: &contributions, features, finding: finding, counterfactual: counterfactual)
        let reason = finding?.reason ?? opinion.group.rawValue
        var verdict = Verdict(
            time: time, entity: window.entity, score: decision.score, threshold: decision.threshold,
            tier: decision.tier,
            reason: reason,
            summary: Summary.sentence(on: window, reason: reason, contributions: contributions),
            features: contributions, model: model,
            target: target(window, finding),
            isTwoWay: finding.map { $0.isProven(by: window.evidence) }
                ?? (opinion.group != .volume && window.evidence.isMostlyProven),
            isCertain: finding?.tier == .block, peers: window.evidence.peers, served: window.evidence.served,
            row: Array(features))
        verdict.othersNearer = others
        return verdict
    }

    /// Says at which values there would have been no verdict.
    ///
    /// - Returns: how much nearer to what is usual all others would have had to be, if those alone are not enough.
    private func setBounds(
        of contributions: inout [FeatureContribution], _ features: ArraySlice<Float>, finding: Finding?,
        counterfactual: Counterfactual
    ) -> Double? {
        let leading = contributions.compactMap { contribution in
            FeatureSchema.features.firstIndex { $0.name == contribution.name }
        }
        let bounds = counterfactual.bounds(
            Array(features), finding: finding, leading: leading,
            usual: (site?.scaler ?? shipped.scaler).medians)
        for (index, feature) in leading.enumerated() {
            contributions[index].harmless = bounds.values[feature].map {
                FeatureSchema.features[feature].scale.quantity(of: Double($0))
            }
        }
        return bounds.others
    }

    /// What the flows that are to blame went to most; `nil` if none are.
    private func target(_ window: Window, _ finding: Finding?) -> Target? {
        let facts = window.evidence
        var blame = finding?.blame ?? .beginning
        if finding == nil, window.entity.view == .destination {
            // Of many senders, those are to blame who get no answer: the others are served.
            blame = facts.oneWayPackets * 2 >= window.packets ? .oneWay : .halfOpen
        }
        return facts.blamed[blame].map {
            // Port 0 is none: a protocol without ports, or later fragments.
            let isOnePort = !$0.severalPorts && $0.key.destinationPort != 0
            return Target(
                address: $0.key.destination, protocol: $0.key.protocol,
                port: isOnePort ? $0.key.destinationPort : nil)
        }
    }

    /// The features that made the score, by the surprise of the table and what the site's model makes of each.
    func contributions(
        _ features: ArraySlice<Float>, opinion: Opinion, finding: Finding?
    ) -> [FeatureContribution] {
        var weights = [Double](repeating: 0, count: FeatureSchema.count)
        var places: [Int8] = []
        shipped.scaler.quantize(features, into: &places)
        for description in FeatureSchema.features where description.groups.contains(opinion.group) {
            weights[description.feature.rawValue] = Double(
                shipped.table.surprise(of: description.feature.rawValue, in: places[...]))
        }
        normalize(&weights)
        if let site {
            var sitePlaces: [Int8] = []
            site.scaler.quantize(features, into: &sitePlaces)
            var contributions = site.model.contributions(of: sitePlaces[...])
            normalize(&contributions)
            for index in weights.indices { weights[index] += contributions[index] }
        }
        if let finding { weights[finding.feature.rawValue] += 1 }
        normalize(&weights)
        let scaler = site?.scaler ?? shipped.scaler
        return weights.enumerated().sorted { ($0.element, $1.offset) > ($1.element, $0.offset) }
            .prefix(Self.mostFeatures).filter { $0.element >= 0.02 }
            .map { index, share in
                let description = FeatureSchema.features[index]
                var contribution = FeatureContribution(
                    name: description.name,
                    value: description.scale.quantity(of: Double(features[features.startIndex + index])),
                    usual: description.scale.quantity(of: Double(scaler.medians[index])), share: share)
                if let range = site?.reference.range(of: index) {
                    contribution.low = description.scale.quantity(of: Double(range.low))
                    contribution.high = description.scale.quantity(of: Double(range.high))
                }
                return contribution
            }
    }

    private func normalize(_ weights: inout [Double]) {
        let sum = weights.reduce(0, +)
        guard sum > 0 else { return }
        for index in weights.indices { weights[index] /= sum }
    }
}

extension Evidence {
    /// Whether nearly all that it began is proven, so that others cannot have made it what it is.
    fileprivate var isMostlyProven: Bool { isTwoWay && provenPackets * 10 >= initiatedPackets * 9 }
}
