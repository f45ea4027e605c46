package import Traffic

// A change is made to a list of prefixes: to all of them or, if one is refused, to none. What is to be taken off and is not
// there is no mistake, so a request can be repeated.

/// `POST bans`: drops every packet from these; `POST allow`: never drops and never limits them, which lifts what is on them.
package struct AddRequest: Codable, Hashable, Sendable {
    package var prefixes: [Prefix]
    /// Seconds; absent for what ends only by hand.
    package var duration: Double?
    package var reason: String?
    /// Seconds within which it must be confirmed (`POST confirm`), or it is undone; absent where it needs not be.
    package var confirm: Double?
    /// Whether to ban what is protected, too, but for what is vital, or to allow prefixes wider than /8 (IPv6: /16).
    package var force: Bool?

    package init(
        prefixes: [Prefix], duration: Double? = nil, reason: String? = nil, confirm: Double? = nil,
        force: Bool? = nil
    ) {
        self.prefixes = prefixes
        self.duration = duration
        self.reason = reason
        self.confirm = confirm
        self.force = force
    }
}

/// `POST unban`: lifts every ban and limit on exactly these; `POST disallow`: takes entries off the allow-list.
package struct RemoveRequest: Codable, Hashable, Sendable {
    package var prefixes: [Prefix]
    /// Seconds within which it must be confirmed (`POST confirm`), or it is undone; absent where it needs not be.
    package var confirm: Double?

    package init(prefixes: [Prefix], confirm: Double? = nil) {
        self.prefixes = prefixes
        self.confirm = confirm
    }
}

/// `POST protect`: protects these by name, which lifts automatic rules on them.
package struct ProtectRequest: Codable, Hashable, Sendable {
    package var prefixes: [Prefix]
    package var reason: String?

    package init(prefixes: [Prefix], reason: String? = nil) {
        self.prefixes = prefixes
        self.reason = reason
    }
}

/// `POST unprotect`: takes off what was protected by name.
package struct UnprotectRequest: Codable, Hashable, Sendable {
    package var prefixes: [Prefix]

    package init(prefixes: [Prefix]) { self.prefixes = prefixes }
}

/// What a change to a list of prefixes did.
package struct ChangeResult: Codable, Hashable, Sendable {
    /// Prefixes it was done to.
    package var count: Int
    /// Bans and limits that it lifted.
    package var lifted: Int
    /// The bans that it made or lifted, of many the first hundred.
    package var bans: [BanReport]
    /// Those from which nothing could be taken, because it was not there; absent if there are none.
    package var missing: [Prefix]?
    /// The change that it waits to be confirmed with: else it is undone.
    package var pending: PendingReport?

    /// Bans that an answer has at most.
    package static let mostBans = 100

    package init(
        count: Int, lifted: Int = 0, bans: [BanReport] = [], missing: [Prefix]? = nil,
        pending: PendingReport? = nil
    ) {
        self.count = count
        self.lifted = lifted
        self.bans = bans
        self.missing = missing
        self.pending = pending
    }
}

/// `POST prove`: has those prove their address who begin TCP connections to one, by hand, and is answered with the `BanReport`.
package struct ProveRequest: Codable, Hashable, Sendable {
    /// Where the connections are begun to.
    package var address: Address
    /// The TCP port; absent for all.
    package var port: UInt16?
    /// Seconds; absent for what ends only by hand.
    package var duration: Double?
    package var reason: String?

    package init(address: Address, port: UInt16? = nil, duration: Double? = nil, reason: String? = nil) {
        self.address = address
        self.port = port
        self.duration = duration
        self.reason = reason
    }
}
