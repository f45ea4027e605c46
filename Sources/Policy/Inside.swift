import Detection
import Features
package import Traffic

// Our own side: nobody outside may choose whom of it we shut out.
extension Policy {
    /// Takes up which sources are ours.
    package mutating func bind(_ ingress: Ingress) { inside = Array(ingress.homes) }

    /// Why a verdict on one of our own sources makes no rule; `nil` if it may.
    ///
    /// Only a group that is for our side (`roles: [lan]`) has its hosts blocked, since that is what it is there for.
    func insideNote(on verdict: Verdict, group: String?) -> String? {
        guard verdict.entity.view == .source,
            let home = inside.first(where: { $0.overlaps(verdict.entity.prefix) }),
            !(groups.first { $0.name == group }?.traffic.roles.contains(.lan) ?? false)
        else { return nil }
        return
            "\(verdict.entity.prefix) is inside (\(home)), where only a policy group with `roles: [lan]` blocks"
    }
}
