package import Policy
package import Traffic

/// `GET mode`: how far the agent goes by itself, and for what.
package struct ModeReport: Codable, Hashable, Sendable {
    /// One policy group, or everything that is in none.
    package struct Group: Codable, Hashable, Sendable {
        /// Absent for everything that is in no group.
        package var name: String?
        /// Destinations that it is for; empty for everything that is in no group.
        package var protects: [Prefix]
        package var mode: Mode
        /// What the configuration says.
        package var configured: Mode

        package init(name: String?, protects: [Prefix], mode: Mode, configured: Mode) {
            self.name = name
            self.protects = protects
            self.mode = mode
            self.configured = configured
        }
    }

    /// Everything in no group first.
    package var groups: [Group]
    /// Why a circuit breaker made all automatic rules only count; absent while none has.
    package var trip: String?

    package init(groups: [Group], trip: String?) {
        self.groups = groups
        self.trip = trip
    }

    /// What the policy says of its modes.
    package init(_ policy: Policy) {
        let all: [(String?, [Prefix])] = [(nil, [])] + policy.groups.map { ($0.name, $0.protects) }
        groups = all.map { name, protects in
            Group(
                name: name, protects: protects, mode: policy.mode(of: name),
                configured: policy.configuredMode(of: name))
        }
        trip = policy.trip?.reason
    }
}

/// `POST mode`: changes the mode of a group, and is answered with the `ModeReport`.
package struct ModeRequest: Codable, Hashable, Sendable {
    package var mode: Mode
    /// Absent for everything that is in no group.
    package var group: String?

    package init(mode: Mode, group: String? = nil) {
        self.mode = mode
        self.group = group
    }
}
