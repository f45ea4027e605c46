/// Where hosts of the benign lab stand.
package enum Side: String, Hashable, Sendable, CaseIterable {
    /// Behind the gateway.
    case near
    /// Everywhere else.
    case far
    /// Far as well, but many behind one IPv4 address.
    case crowd
}

/// One address of one host.
///
/// A namespace holds thousands of hosts: its addresses are whole prefixes routed to itself, to which programs bind.
package struct Endpoint: Hashable, Sendable {
    package let side: Side
    /// From 0 to 3,999.
    package let number: Int
    package let family: Family

    /// Far hosts each have an IPv6 /48 of their own, as different networks do; near ones share one.
    package var address: String {
        let (high, low) = (number / 250, number % 250 + 2)
        return switch (side, family) {
        case (.near, .ipv4): "10.20.\(high).\(low)"
        case (.near, .ipv6): "2001:db8:20::\(String(number + 2, radix: 16))"
        case (.far, .ipv4): "198.18.\(high).\(low)"
        case (.far, .ipv6): "2001:db8:\(String(0x1000 + number, radix: 16))::2"
        case (.crowd, _): "100.64.\(high).\(low)"
        }
    }

    /// In a URL, where IPv6 needs brackets.
    var host: String { family == .ipv4 || side == .crowd ? address : "[\(address)]" }

    /// An address far away at which nobody ever answers, not even with a refusal.
    static func dead(_ number: Int, _ family: Family) -> String {
        family == .ipv4 ? "198.18.255.\(number % 250 + 2)" : "2001:db8:1fff::\(String(number + 2, radix: 16))"
    }
}
