/// A block of addresses: those that share their first `length` bits with `address`.
package struct Prefix: Hashable, Sendable, BitwiseCopyable {
    /// The first address of the block; all bits behind `length` are zero.
    package let address: Address
    package let length: Int

    /// The block of `length` bits that `address` lies in; `length` beyond the family's width is cut to it.
    package init(_ address: Address, length: Int) {
        let length = min(max(length, 0), address.bitWidth)
        self.address = address.masked(to: length)
        self.length = length
    }

    /// The block that holds this one address.
    package init(_ address: Address) { self.init(address, length: address.bitWidth) }

    /// Whether this is one single address.
    package var isSingleAddress: Bool { length == address.bitWidth }

    /// Whether the address lies in the block; one of the other family never does.
    package func contains(_ other: Address) -> Bool {
        other.isIPv4 == address.isIPv4 && other.masked(to: length) == address
    }

    /// Whether all of the other block lies in this one.
    package func contains(_ other: Prefix) -> Bool { other.length >= length && contains(other.address) }

    /// Whether they have an address in common.
    package func overlaps(_ other: Prefix) -> Bool { contains(other) || other.contains(self) }
}

extension Prefix {
    /// What an operator means by `::ffff:192.0.2.1` (RFC 4291, 2.5.5.2): that IPv4 address.
    ///
    /// No such packets come over a wire. All others are what they are.
    package var unmapped: Prefix {
        guard !address.isIPv4, length >= 96, address.high == 0, address.low >> 32 == 0xFFFF else {
            return self
        }
        return Prefix(Address(ipv4: UInt32(truncatingIfNeeded: address.low)), length: length - 96)
    }
}

extension Prefix: Comparable {
    package static func < (left: Prefix, right: Prefix) -> Bool {
        left.address == right.address ? left.length < right.length : left.address < right.address
    }
}

extension Prefix: CustomStringConvertible, LosslessStringConvertible {
    /// `192.0.2.1` for a single address, `192.0.2.0/24` for a block.
    package var description: String { isSingleAddress ? "\(address)" : "\(address)/\(length)" }

    /// Reads an address or `ADDRESS/LENGTH`, dropping bits behind the length; `nil` if either is malformed.
    package init?(_ text: String) {
        let text = text.utf8.span
        guard let slash = text.place(of: UInt8(ascii: "/")) else {
            guard let address = Address(text) else { return nil }
            self.init(address)
            return
        }
        guard let address = Address(text.extracting(..<slash)),
            let length = Self.length(text.extracting((slash + 1)...)), length <= address.bitWidth
        else { return nil }
        self.init(address, length: length)
    }

    private static func length(_ text: Span<UInt8>) -> Int? {
        guard !text.isEmpty else { return nil }
        var length = 0
        for place in text.indices {
            guard let digit = text[place].digit(of: 10), length <= 128 else { return nil }
            length = length * 10 + Int(digit)
        }
        return length
    }
}
