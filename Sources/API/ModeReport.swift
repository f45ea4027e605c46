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

        package init(
            name: String? = nil, protects: [Prefix] = [], interfaces: [String] = [], roles: [String] = [],
            mode: Mode, configured: Mode, pending: PendingReport? = nil
        ) {
            self.name = name
            self.protects = protects
            self.interfaces = interfaces
            self.roles = roles
            self.mode = mode
            self.configured = configured
            self.pending = pending
        }
    }

    /// Everything in no group first.
    package var groups: [Group]
    /// Why a circuit breaker made automatic rules on well-known sources only count; absent while none has.
    package var trip: String?

    package init(groups: [Group], trip: String?) {
        self.groups = groups
        self.trip = trip
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
