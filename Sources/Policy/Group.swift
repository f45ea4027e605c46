package import Detection
package import Traffic

/// What is decided about some traffic, where that differs from the rest.
package struct PolicyGroup: Hashable, Sendable {
    /// Whose rules they are: attacks on these destinations, or by sources behind these interfaces.
    package var traffic: TrafficGroup
    /// As configured; `Policy.modes` has what holds.
    package var mode: Mode
    package var settings: PolicySettings

    package init(_ traffic: TrafficGroup, mode: Mode, settings: PolicySettings) {
        self.traffic = traffic
        self.mode = mode
        self.settings = settings
    }

    package var name: String { traffic.name }
}

extension Policy {
    /// The mode that holds for a group; `nil` and names that are not known stand for everything that is in no group.
    package func mode(of group: String?) -> Mode { group.flatMap { groupModes[$0] } ?? mode }

    func settings(of group: String?) -> PolicySettings {
        groups.first { $0.name == group }?.settings ?? settings
    }

    /// The group that a verdict belongs to; `nil` if it is in none.
    package func group(of verdict: Verdict) -> String? {
        grouping.place(of: verdict).map { groups[$0].name }
    }

    /// Whether automatic rules of the group only count.
    package func isShadowing(_ group: String?) -> Bool {
        let mode = mode(of: group)
        return mode == .learn || mode == .shadow
    }

    /// Takes up which interface leads where, as far as groups depend on it.
    package mutating func route(_ routes: Routes) { grouping.routes = routes }
}
