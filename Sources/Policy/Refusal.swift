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

extension Prefix {
    /// Whether a rule by hand on it is a mistake rather than a wish.
    var isTooWide: Bool { length < (address.isIPv4 ? Width.manual.ipv4 : Width.manual.ipv6) }
}

extension Policy {
    /// Never banned and never limited on any machine: loopback, groups, and sources that hosts without an
    /// address use.
    static let alwaysProtected: [ProtectedPrefix] = [
        (Prefix(Address(ipv4: 0), length: 8), "hosts without an address"),
        (Prefix(Address(ipv4: 0x7F00_0000), length: 8), "loopback"),
        (Prefix(Address(ipv4: 0xE000_0000), length: 4), "multicast"),
        (Prefix(Address(ipv4: 0xFFFF_FFFF)), "broadcast"),
        (Prefix(Address(ipv6High: 0, low: 0)), "hosts without an address"),
        (Prefix(Address(ipv6High: 0, low: 1)), "loopback"),
        (Prefix(Address(ipv6High: 0xFF00 << 48, low: 0), length: 8), "multicast"),
    ].map { ProtectedPrefix(prefix: $0.0, reason: $0.1, isVital: true) }

    /// What is protected, by its prefix; what is vital before what is not.
    func protection(where isMeant: (Prefix) -> Bool) -> ProtectedPrefix? {
        Self.alwaysProtected.first { isMeant($0.prefix) }
            ?? protected.first { $0.isVital && isMeant($0.prefix) } ?? protected.first { isMeant($0.prefix) }
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
    /// stands out of it by precedence, but not lie in one, where it would do nothing. What is protected is not banned by hand
    /// by mistake: who `insists` may, but for what is vital.
    func refusal(of prefix: Prefix, by origin: Rule.Origin, insists: Bool = false) -> Refusal? {
        let widest = Width.widest(for: prefix.address, by: origin)
        if prefix.length < widest {
            return Refusal(
                .tooWide, "\(prefix) is too wide for one rule: at most /\(widest)",
                hint: "ban the /\(widest) prefixes in it one by one")
        }
        if let protected = protection(where: { $0.overlaps(prefix) }), protected.isVital || !insists {
            let narrower =
                prefix.isSingleAddress ? nil : "ban narrower prefixes that leave out \(protected.prefix)"
            return Refusal(
                .protected, "\(prefix) is protected: \(protected.prefix) is \(protected.reason)",
                hint: protected.isVital
                    ? narrower : (narrower.map { "\($0), or " } ?? "") + "ban it all the same with --force")
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
