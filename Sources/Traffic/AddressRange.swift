/// Addresses from one to another, both included: `10.0.0.5-10.0.0.20`.
package struct AddressRange: Hashable, Sendable {
    package let first: Address
    package let last: Address

    /// From `first` to `last`; `nil` if they are of two families, or in the wrong order.
    package init?(first: Address, last: Address) {
        guard first.isIPv4 == last.isIPv4, first <= last else { return nil }
        self.first = first
        self.last = last
    }

    /// Reads `FIRST-LAST`; `nil` if that is malformed or its ends are in the wrong order.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = Address(String(parts[0])), let last = Address(String(parts[1]))
        else { return nil }
        self.init(first: first, last: last)
    }

    /// The fewest prefixes that have these addresses and no others, in order: at most 2 for each bit of an
    /// address, less 2.
    package var prefixes: [Prefix] {
        let width = first.bitWidth
        let end = last.bits
        var next = first.bits
        var result: [Prefix] = []
        while true {
            // As large as the start's trailing zeros allow, and no larger than what is left.
            var free = min(next.trailingZeroBitCount, width)
            while free > 0, next | UInt128.ones(free) > end { free -= 1 }
            result.append(Prefix(Address(next, isIPv4: first.isIPv4), length: width - free))
            let covered = next | UInt128.ones(free)
            if covered >= end { return result }
            next = covered + 1
        }
    }
}

extension Address {
    fileprivate var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }

    init(_ bits: UInt128, isIPv4: Bool) {
        let low = UInt64(truncatingIfNeeded: bits)
        self =
            isIPv4
            ? Address(ipv4: UInt32(truncatingIfNeeded: low))
            : Address(ipv6High: UInt64(truncatingIfNeeded: bits >> 64), low: low)
    }
}

extension UInt128 {
    /// The lowest `count` bits set.
    static func ones(_ count: Int) -> UInt128 { count >= 128 ? .max : (1 << UInt128(count)) - 1 }
}
