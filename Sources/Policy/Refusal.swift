import Traffic

/// Why something that was asked for is not done.
package struct Refusal: Error, Hashable, Sendable {
    /// What stands against it.
    package enum Kind: Hashable, Sendable {
        /// The machine needs the address.
        case protected
        /// The allow-list has it.
        case allowed
        /// It is banned by hand.
        case banned
        /// The prefix covers too much.
        case tooWide
        /// The duration cannot be used.
        case invalidDuration
        /// There is no such ban or entry.
        case notFound
        /// The data plane has no room for it.
        case noRoom
        /// The entry stands in the configuration file.
        case configured
    }

    package let kind: Kind
    /// One sentence without a full stop.
    package let message: String
    /// What to do instead.
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }
}

/// The widest prefixes that rules may be for, as prefix lengths.
package enum Width {
    /// For automatic rules: entities are no wider than this.
    package static let automatic = (ipv4: 24, ipv6: 48)
    /// For manual rules: wider ones are mistakes rather than wishes.
    package static let manual = (ipv4: 8, ipv6: 16)

    static func widest(for address: Address, by origin: Rule.Origin) -> Int {
        // On a link, one fe80::/64 holds every neighbour and the gateway.
        if !address.isIPv4, address.isLinkLocal { return 128 }
        let width = origin == .manual ? manual : automatic
        return address.isIPv4 ? width.ipv4 : width.ipv6
    }
}

extension Policy {
    /// Never banned and never limited on any machine: loopback, groups, and sources that hosts without an
    /// address use.
    static let alwaysProtected: [ProtectedPrefix] = [
        ProtectedPrefix(prefix: Prefix(Address(ipv4: 0), length: 8), reason: "hosts without an address"),
        ProtectedPrefix(prefix: Prefix(Address(ipv4: 0x7F00_0000), length: 8), reason: "loopback"),
        ProtectedPrefix(prefix: Prefix(Address(ipv4: 0xE000_0000), length: 4), reason: "multicast"),
        ProtectedPrefix(prefix: Prefix(Address(ipv4: 0xFFFF_FFFF)), reason: "broadcast"),
        ProtectedPrefix(prefix: Prefix(Address(ipv6High: 0, low: 0)), reason: "hosts without an address"),
        ProtectedPrefix(prefix: Prefix(Address(ipv6High: 0, low: 1)), reason: "loopback"),
        ProtectedPrefix(
            prefix: Prefix(Address(ipv6High: 0xFF00 << 48, low: 0), length: 8), reason: "multicast"),
    ]

    /// What is protected, by its prefix.
    func protection(where isMeant: (Prefix) -> Bool) -> ProtectedPrefix? {
        Self.alwaysProtected.first { isMeant($0.prefix) } ?? protected.first { isMeant($0.prefix) }
    }

    /// The narrowest entry of the allow-list that has all of `prefix`.
    ///
    /// By one look-up for each length, since the list may be long.
    func entry(containing prefix: Prefix) -> AllowEntry? {
        if allowed.isEmpty { return nil }
        for length in (0...prefix.length).reversed() {
            if let entry = allowed[Prefix(prefix.address, length: length)] { return entry }
        }
        return nil
    }

    /// Why a ban or limit on `prefix` must not be; `nil` if it may.
    ///
    /// Automatic rules must not touch the allow-list at all. A manual one may contain an entry, which then
    /// stands out of it by precedence, but not lie in one, where it would do nothing.
    func refusal(of prefix: Prefix, by origin: Rule.Origin) -> Refusal? {
        let widest = Width.widest(for: prefix.address, by: origin)
        if prefix.length < widest {
            return Refusal(
                .tooWide, "\(prefix) is too wide for one rule: at most /\(widest)",
                hint: "ban the /\(widest) prefixes in it one by one")
        }
        if let protected = protection(where: { $0.overlaps(prefix) }) {
            return Refusal(
                .protected, "\(prefix) is protected: \(protected.prefix) is \(protected.reason)",
                hint: prefix.isSingleAddress
                    ? nil : "ban narrower prefixes that leave out \(protected.prefix)")
        }
        let entry =
            origin == .automatic
            ? allowed.values.first { $0.prefix.overlaps(prefix) } : entry(containing: prefix)
        guard let entry else { return nil }
        let hint =
            entry.origin == .manual
            ? "sluice allow remove \(entry.prefix)" : "remove it from `allow` in the configuration"
        return Refusal(.allowed, "\(prefix) is on the allow-list (\(entry.prefix))", hint: hint)
    }
}
