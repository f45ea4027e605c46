/// An IPv4 or IPv6 address.
///
/// Stored as 128 bits in host order, most significant first. An IPv4 address stands in the low 32 bits of
/// `low`, and `isIPv4` tells it from the IPv6 address with the same bits: `::ffff:1.2.3.4` seen in an IPv6
/// header stays an IPv6 address.
///
/// Public, as `IPProtocol` is, for what flows are asked by the million.
public struct Address: Hashable, Sendable, BitwiseCopyable {
    /// The first 64 bits; 0 of an IPv4 address.
    public var high: UInt64
    /// The last 64 bits; of an IPv4 address the last 32.
    public var low: UInt64
    /// Whether it is an IPv4 address.
    public var isIPv4: Bool

    /// An IPv4 address from its 32 bits in host order.
    package init(ipv4 bits: UInt32) {
        high = 0
        low = UInt64(bits)
        isIPv4 = true
    }

    /// An IPv6 address from its two halves in host order.
    package init(ipv6High high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
        isIPv4 = false
    }

    /// Number of bits in an address of this family: 32 or 128.
    package var bitWidth: Int { isIPv4 ? 32 : 128 }

    /// The address with everything behind the first `length` bits set to zero.
    package func masked(to length: Int) -> Address {
        if isIPv4 {
            return Address(ipv4: length <= 0 ? 0 : UInt32(low) & (~0 << UInt32(max(0, 32 - length))))
        }
        return Address(
            ipv6High: length <= 0 ? 0 : high & (~0 << UInt64(max(0, 64 - length))),
            low: length <= 64 ? 0 : low & (~0 << UInt64(max(0, 128 - length))))
    }

    /// Group addresses, sent to many: IPv4 224.0.0.0/4 and 255.255.255.255, IPv6 ff00::/8.
    @inlinable @inline(__always)
    public var isMulticastOrBroadcast: Bool {
        isIPv4 ? low >> 28 == 0xE || low == 0xFFFF_FFFF : high >> 56 == 0xFF
    }

    /// Valid on one link only: IPv4 169.254.0.0/16, IPv6 fe80::/10.
    package var isLinkLocal: Bool {
        isIPv4 ? low >> 16 == 0xA9FE : high >> 54 == 0x3FA
    }

    /// Not routed in the Internet: IPv4 10/8, 172.16/12, 192.168/16 (RFC 1918), 100.64/10 (RFC 6598) and 127/8, IPv6
    /// fc00::/7 (RFC 4193) and ::1, and what is link-local.
    package var isPrivate: Bool {
        guard isIPv4 else { return high >> 57 == 0x7E || high == 0 && low == 1 || isLinkLocal }
        return switch low >> 24 {
        case 10, 127: true
        case 172: low >> 20 == 0xAC1
        case 192: low >> 16 == 0xC0A8
        case 100: low >> 22 == 0x191
        default: isLinkLocal
        }
    }

    /// `0.0.0.0` or `::`, which no host has.
    @inlinable @inline(__always)
    public var isUnspecified: Bool { high == 0 && low == 0 }
}

extension Address: Comparable {
    /// IPv4 before IPv6, then by value.
    public static func < (left: Address, right: Address) -> Bool {
        if left.isIPv4 != right.isIPv4 { return left.isIPv4 }
        return (left.high, left.low) < (right.high, right.low)
    }
}
