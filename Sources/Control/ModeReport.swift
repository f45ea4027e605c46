package import Policy
package import Traffic

/// `GET mode`: how far the agent goes by itself, and for what.
package struct ModeReport: Codable, Hashable, Sendable {
    /// One policy group, or everything that is in none.
    package struct Group: Codable, Hashable, Sendable {
        /// Absent for everything that is in no group.
        package var name: String?
        /// Destinations that it is for; empty if they do not matter.
        package var protects: [Prefix]
        /// Where its traffic comes in: interfaces, and sides (`wan`, `lan`); empty if that does not matter.
        package var interfaces: [String]
        package var roles: [String]
        package var mode: Mode
        /// What the configuration says.
        package var configured: Mode
        /// The change that the mode waits to be confirmed with: else it is undone.
        package var pending: PendingReport?

        /// One group; `traffic` is `nil` for everything that is in none.
        package init(_ traffic: TrafficGroup?, mode: Mode, configured: Mode) {
            name = traffic?.name
            protects = traffic?.protects ?? []
            interfaces = traffic?.interfaces ?? []
            roles = traffic?.roles.map(\.rawValue) ?? []
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
        groups = ([nil] + policy.groups.map(\.traffic)).map { traffic in
            var group = Group(
                traffic, mode: policy.mode(of: traffic?.name),
                configured: policy.configuredMode(of: traffic?.name))
            group.pending = policy.pendingMode(of: traffic?.name)
            return group
        }
        trip = policy.trip?.reason
    }
}

/// `POST mode`: changes the mode of a group, and is answered with the `ModeReport`.
package struct ModeRequest: Codable, Hashable, Sendable {
    package var mode: Mode
    /// Absent for everything that is in no group.
    package var group: String?
    /// Seconds within which it must be confirmed (`POST confirm`), or it is undone; absent where it needs not be.
    package var confirm: Double?

    package init(mode: Mode, group: String? = nil, confirm: Double? = nil) {
        self.mode = mode
        self.group = group
        self.confirm = confirm
    }
}
