import Features
import RealModule

/// Tells what goes on from what is over.
///
/// Histories remember an attack for ten minutes, and so any packet of the entity would show it again. What the entity
/// did in the last 10 s is compared with its share of the last 600 s: less than half of that is an echo.
enum Echo {
    /// Whether the winning group's evidence is all from the past.
    static func isAll(of group: FeatureGroup, in features: ArraySlice<Float>) -> Bool {
        let pairs: [(Feature, Feature)]
        switch group {
        case .failure: pairs = [(.unanswered10, .unanswered600), (.resets10, .resets600)]
        case .scan: pairs = [(.novel10, .novel600)]
        case .connections: pairs = [(.newFlows10, .newFlows600)]
        case .volume: pairs = [(.packets10, .packets600)]
        case .repetition, .exfiltration, .protocolOddity: return false
        }
        // Of several kinds of evidence, the one there is most of decides.
        guard let (recent, all) = pairs.max(by: { quantity($0.1, features) < quantity($1.1, features) })
        else {
            return false
        }
        return quantity(recent, features) * 60 < quantity(all, features) / 2
    }

    private static func quantity(_ feature: Feature, _ features: ArraySlice<Float>) -> Double {
        .expMinusOne(Double(features[features.startIndex + feature.rawValue]))
    }
}
