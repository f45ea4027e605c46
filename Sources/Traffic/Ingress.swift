/// Which sources belong to which side of this host (RFC 2827, RFC 3704).
package struct Ingress: Hashable, Sendable {
    /// Networks of our side, and addresses that no packet on a wire has as its source.
    package var homes: Set<Prefix>
    /// Names of the interfaces on the side of others.
    package var outside: [String]
    /// Whether what comes in there in the name of a home is dropped; it is counted, and taken for evidence of nothing, in any case.
    package var dropsMartians: Bool

    package init(homes: Set<Prefix> = [], outside: [String] = [], dropsMartians: Bool = false) {
        self.homes = homes
        self.outside = outside
        self.dropsMartians = dropsMartians
    }

    /// Sources that no host has (RFC 6890): loopback, and groups of receivers.
    package static let nobody: [Prefix] = [
        Prefix(Address(ipv4: 0x7F00_0000), length: 8), Prefix(Address(ipv4: 0xE000_0000), length: 4),
        Prefix(Address(ipv4: 0xFFFF_FFFF)), Prefix(Address(ipv6High: 0, low: 1)),
    ]
}
