package import Traffic

/// One machine on the WAN side: a network namespace with one interface and an address of each family.
package struct Host: Hashable, Sendable {
    /// Also the name of its port on the bridge, so at most 15 bytes.
    package let name: String
    package let ipv4: Address
    package let ipv6: Address
    /// Ethernet address, for tools that build frames themselves.
    package let ethernet: String

    /// The host with this number: 198.51.100.N and 2001:db8:1:N::2.
    ///
    /// Each host has its own IPv6 /64, as customers of a provider do: the agent accounts and bans IPv6 sources by /64.
    package init(name: String, number: UInt8) {
        self.name = name
        ipv4 = Address(ipv4: Topology.wanIPv4 | UInt32(number))
        ipv6 = Address(ipv6High: Topology.wanIPv6 | UInt64(number), low: 2)
        ethernet = "02:00:00:00:01:" + (number < 16 ? "0" : "") + String(number, radix: 16)
    }

    /// Its address of one family.
    package func address(_ family: Family) -> Address { family == .ipv4 ? ipv4 : ipv6 }

    /// Whether packets that match `prefix` may be this host's.
    package func isCovered(by prefix: Prefix) -> Bool { prefix.contains(ipv4) || prefix.contains(ipv6) }
}

/// The version of the Internet Protocol that a client or an attack uses.
package enum Family: String, Codable, Hashable, Sendable {
    case ipv4 = "IPv4"
    case ipv6 = "IPv6"
}
