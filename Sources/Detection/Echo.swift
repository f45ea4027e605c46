import Features
import RealModule

/// Tells what goes on from what is over.
///
/// Histories remember an attack for ten minutes, and so any packet of the entity would show it again. What the entity
/// did of late is compared with its share of the last 600 s: less than half of that is an echo.
enum Echo {
    /// Features that measure the same over a short span and over 600 s.
    private struct Pair {
        var recent: Feature
        /// Span of the recent one, in seconds.
        var span: Double
        var all: Feature
    }

    /// Whether the winning group's evidence is all from the past.
    static func isAll(of group: FeatureGroup, in features: ArraySlice<Float>) -> Bool {
        // Of several kinds of evidence, the one there is most of decides.
        guard
            let pair = pairs(group).max(by: { quantity($0.all, features) < quantity($1.all, features) })
        else { return false }
        return quantity(pair.recent, features) / pair.span < quantity(pair.all, features) / 600 / 2
    }

    private static func pairs(_ group: FeatureGroup) -> [Pair] {
        switch group {
        case .failure:
            [
                Pair(recent: .unanswered10, span: 10, all: .unanswered600),
                Pair(recent: .resets10, span: 10, all: .resets600),
            ]
        case .scan: [Pair(recent: .novel10, span: 10, all: .novel600)]
        case .connections: [Pair(recent: .newFlows10, span: 10, all: .newFlows600)]
        case .volume: [Pair(recent: .packets10, span: 10, all: .packets600)]
        // What comes a few times a minute needs a minute to be seen.
        case .repetition: [Pair(recent: .tcpRepeat60, span: 60, all: .tcpRepeat600)]
        case .exfiltration:
            [
                Pair(recent: .bytes10, span: 10, all: .bytes600),
                Pair(recent: .dnsBytes60, span: 60, all: .dnsBytes600),
            ]
        case .protocolOddity: []
        }
    }

    private static func quantity(_ feature: Feature, _ features: ArraySlice<Float>) -> Double {
        .expMinusOne(Double(features[features.startIndex + feature.rawValue]))
    }
}
