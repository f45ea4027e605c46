import Features
import Traffic

/// One sentence about a window, for people.
enum Summary {
    /// The sentence; `contributions` are the features that made the score, largest share first.
    static func sentence(
        on window: Window, reason: String, contributions: [FeatureContribution]
    ) -> String {
        let facts = window.evidence
        let isSource = window.entity.view == .source
        let steady = max(facts.steadySeconds, facts.habitualSeconds)
        var parts: [String] = []
        // The feature that the first of them is a number of.
        var measure: Feature?
        if reason == Finding.evasion {
            return
                "\(count(Int(clamping: facts.hiddenPackets), "packet")) behind more than eight IPv6 extension headers"
        }
        switch FeatureGroup(rawValue: reason) {
        case .scan where isSource, .failure where isSource:
            parts.append("\(count(facts.novelServices60)) services tried for the first time within a minute")
            measure = .novel60
            parts.append("\(count(facts.failedServices60)) of them refused or silent")
            if facts.ports + facts.peers > 2 {
                parts.append(
                    "\(count(facts.ports, "port")) of \(count(facts.peers, "host")) in the last second")
            }
        case .repetition where isSource && max(facts.newSteadySeconds * 4, steady) >= 240:
            parts.append("calls to one service outside as even as a clock's")
            parts.append("for \(count(steady)) s")
        case .repetition where isSource && facts.loginRepeat600 >= 5:
            parts.append("\(count(facts.loginRepeat60)) logins at one service within a minute")
            measure = .loginRepeat60
            parts.append("\(count(facts.loginRepeat600)) within ten")
        case .repetition where isSource && facts.alikeRepeat60 >= 60:
            parts.append("\(count(facts.alikeRepeat60)) connections to one service within a minute")
            parts.append("all of a length")
        case .exfiltration where isSource && facts.longQueries60 >= 10:
            parts.append("\(count(facts.longQueries60)) queries for very long names within a minute")
            parts.append("of \(count(facts.dnsQueries60)) in all")
        case .connections where isSource && facts.unserved >= 10:
            parts.append("\(count(facts.unserved)) connections held open without a request to serve")
        case .connections where facts.halfOpen >= 20:
            parts.append(
                "\(count(Double(facts.halfOpen))) connections begun and not completed within a second")
            measure = .newFlows
            if !isSource { parts.append("from \(count(Double(facts.peers))) addresses") }
        case .volume:
            parts.append("\(count(Double(window.packets))) packets within a second")
            measure = .packets
            let oneWay = isSource ? facts.unansweredPackets : facts.oneWayPackets &+ facts.asidePackets
            if oneWay > 0 { parts.append("\(count(Double(oneWay))) of them without answer") }
            if facts.reflectedPackets > 0 {
                parts.append("\(count(Double(facts.reflectedPackets))) answers that nobody asked for")
            }
            if !isSource { parts.append("from \(count(Double(facts.peers))) addresses") }
        default: break
        }
        let name = measure.map { FeatureSchema.description(of: $0).name }
        if let usual = contributions.first(where: { $0.name == name })?.usual {
            parts[0] += " (usual: \(count(usual)))"
            return parts.joined(separator: ", ")
        }
        let features = contributions.prefix(parts.isEmpty ? 3 : 1).map { part in
            let name = part.name.replacing("_", with: " ")
            return parts.isEmpty
                ? "\(name) \(count(part.value)) (usual: \(count(part.usual)))"
                : "\(name): usually \(count(part.usual)), now \(count(part.value))"
        }
        return (parts + features).joined(separator: ", ")
    }

    /// A number of things.
    private static func count(_ number: Int, _ noun: String) -> String {
        "\(count(Double(number))) \(noun)\(number == 1 ? "" : "s")"
    }

    /// A number as people read it: `1,200`, or one decimal if it is small.
    private static func count(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        guard abs(value) >= 10 || value == value.rounded() else { return "\((value * 10).rounded() / 10)" }
        var digits = "\(Int(value.rounded()).magnitude)"
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value <= -0.5 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }
}
