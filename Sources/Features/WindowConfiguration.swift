package import Traffic

/// How windows are built, and how much memory that may take.
package struct WindowConfiguration: Sendable {
    /// IPv6 sources are accounted under this prefix: whoever has one address of a /64 has them all (RFC 6177).
    package var ipv6SourceLength = 64
    /// In these prefixes (our own networks) an IPv6 source is a single address.
    package var localPrefixes: [Prefix] = []
    /// In these, which are next to us but not ours, it is a single address, too.
    package var neighbourPrefixes: [Prefix] = []
    /// Sources that have a history; about 410 bytes each.
    package var sourceCapacity = 16_384
    /// Destinations that have a history; about 410 bytes each.
    package var destinationCapacity = 8_192
    /// Conversations (a flow and its answers) remembered for two minutes; about 140 bytes each.
    package var conversationCapacity = 65_536
    /// Services (source, destination, port, protocol) remembered; about 100 bytes each.
    package var serviceCapacity = 65_536
    /// Windows evaluated at one reading, for each view; those with the most packets come first.
    package var maximumWindows = 4_096

    package init() {}

    /// Whether an address is in our own networks, or in none that the Internet knows.
    func isOurs(_ address: Address) -> Bool {
        address.isPrivate || localPrefixes.contains { $0.contains(address) }
    }

    /// The prefix that stands for a source.
    package func sourcePrefix(of address: Address) -> Prefix {
        if address.isIPv4 || address.isLinkLocal || address.standsForOneIPv4
            || localPrefixes.contains(where: { $0.contains(address) })
            || neighbourPrefixes.contains(where: { $0.contains(address) })
        {
            return Prefix(address)
        }
        return Prefix(address, length: ipv6SourceLength)
    }
}

/// Numbers of the things that are remembered, by table.
package struct TrackedCounts: Hashable, Sendable {
    package var sources = 0
    package var destinations = 0
    package var conversations = 0
    package var services = 0
}

extension Address {
    /// Whether it is an IPv6 address that a translator or a tunnel makes of one IPv4 address, so that its neighbours are others:
    /// NAT64 (RFC 6052, RFC 8215), Teredo (RFC 4380), ISATAP (RFC 5214), and what is mapped or compatible (RFC 4291 2.5.5).
    package var standsForOneIPv4: Bool {
        guard !isIPv4 else { return false }
        let identifier = low >> 32
        return high == 0x0064_FF9B_0000_0000 && identifier == 0 || high >> 16 == 0x0064_FF9B_0001
            || high >> 32 == 0x2001_0000 || identifier == 0x0000_5EFE || identifier == 0x0200_5EFE
            || high == 0 && (low >> 32 == 0xFFFF || low >> 32 == 0)
    }
}
