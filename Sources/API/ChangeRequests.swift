package import Traffic

// A change is made to a list of prefixes: to all of them or, if one is refused, to none, unless what is refused is to be left
// out. What is to be taken off and is not there is no mistake, so a request can be repeated.

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
    /// Whether what is refused is left out, and the rest done.
    package var skipRefused: Bool?
    /// Whether only to say what would happen.
    package var dryRun: Bool?

    package init(
        prefixes: [Prefix], duration: Double? = nil, reason: String? = nil, confirm: Double? = nil,
        force: Bool? = nil, skipRefused: Bool? = nil, dryRun: Bool? = nil
    ) {
        self.prefixes = prefixes
        self.duration = duration
        self.reason = reason
        self.confirm = confirm
        self.force = force
        self.skipRefused = skipRefused
        self.dryRun = dryRun
    }
}

/// `POST unban`: lifts every ban and limit on exactly these; `POST disallow`: takes entries off the allow-list.
package struct RemoveRequest: Codable, Hashable, Sendable {
    package var prefixes: [Prefix]
    /// Seconds within which it must be confirmed (`POST confirm`), or it is undone; absent where it needs not be.
    package var confirm: Double?
    /// Of bans by hand, only those with this reason; absent for all.
    package var reason: String?
    /// Whether it is right if nothing of it is there.
    package var missingOk: Bool?
    /// Whether only to say what would happen.
    package var dryRun: Bool?

    package init(
        prefixes: [Prefix], confirm: Double? = nil, reason: String? = nil, missingOk: Bool? = nil,
        dryRun: Bool? = nil
    ) {
        self.prefixes = prefixes
        self.confirm = confirm
        self.reason = reason
        self.missingOk = missingOk
        self.dryRun = dryRun
    }
}

/// `POST protect`: protects these by name, which lifts automatic rules on them.
package struct ProtectRequest: Codable, Hashable, Sendable {
    package var prefixes: [Prefix]
    package var reason: String?
    /// Whether what is refused is left out, and the rest done.
    package var skipRefused: Bool?
    /// Whether only to say what would happen.
    package var dryRun: Bool?

    package init(
        prefixes: [Prefix], reason: String? = nil, skipRefused: Bool? = nil, dryRun: Bool? = nil
    ) {
        self.prefixes = prefixes
        self.reason = reason
        self.skipRefused = skipRefused
        self.dryRun = dryRun
    }
}

/// `POST unprotect`: takes off what was protected by name.
package struct UnprotectRequest: Codable, Hashable, Sendable {
    package var prefixes: [Prefix]
    /// Whether it is right if nothing of it is there.
    package var missingOk: Bool?
    /// Whether only to say what would happen.
    package var dryRun: Bool?

    package init(prefixes: [Prefix], missingOk: Bool? = nil, dryRun: Bool? = nil) {
        self.prefixes = prefixes
        self.missingOk = missingOk
        self.dryRun = dryRun
    }
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
    /// Of those that it was done to, how many were banned by hand for longer before, which holds; absent if there are none.
    package var kept: Int?
    /// Those that were left out because they are refused, of many the first; absent if there are none.
    package var refused: [ControlError.Refused]?
    /// How many were left out; absent if there are none.
    package var refusedCount: Int?
    /// Whether nothing was done, and this is only what would have happened.
    package var isDryRun: Bool?
    /// The change that it waits to be confirmed with: else it is undone.
    package var pending: PendingReport?

    /// Bans that an answer has at most.
    package static let mostBans = 100

    /// Prefixes that were left out, of which an answer says why at most.
    package static let mostRefused = 10_000

    package init(
        count: Int, lifted: Int = 0, bans: [BanReport] = [], missing: [Prefix]? = nil, kept: Int? = nil,
        refused: [ControlError.Refused]? = nil, refusedCount: Int? = nil, isDryRun: Bool? = nil,
        pending: PendingReport? = nil
    ) {
        self.count = count
        self.lifted = lifted
        self.bans = bans
        self.missing = missing
        self.kept = kept
        self.refused = refused
        self.refusedCount = refusedCount
        self.isDryRun = isDryRun
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
