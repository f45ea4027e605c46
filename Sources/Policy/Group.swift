package import Traffic

/// What is decided about attacks on some networks, where that differs from the rest.
package struct PolicyGroup: Hashable, Sendable {
    package var name: String
    /// Destinations that it is for; the group that has the attacked address in its narrowest prefix decides.
    package var protects: [Prefix]
    /// As configured; `Policy.modes` has what holds.
    package var mode: Mode
    package var settings: PolicySettings

    package init(name: String, protects: [Prefix], mode: Mode, settings: PolicySettings) {
        self.name = name
        self.protects = protects
        self.mode = mode
        self.settings = settings
    }
}

extension Policy {
    /// The mode that holds for a group; `nil` and names that are not known stand for everything that is in no group.
    package func mode(of group: String?) -> Mode { group.flatMap { groupModes[$0] } ?? mode }

    func settings(of group: String?) -> PolicySettings {
        groups.first { $0.name == group }?.settings ?? settings
    }

    /// The group of what was attacked; `nil` if it is in none.
    func group(of attacked: Address) -> String? {
        let candidates = groups.compactMap { group in
            group.protects.filter { $0.contains(attacked) }.map(\.length).max().map { ($0, group.name) }
        }
        return candidates.max { $0.0 < $1.0 }?.1
    }

    /// Whether automatic rules of the group only count.
    func isShadowing(_ group: String?) -> Bool {
        let mode = mode(of: group)
        return mode == .learn || mode == .shadow
    }
}
