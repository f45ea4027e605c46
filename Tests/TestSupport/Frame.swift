package import Traffic

/// An Ethernet frame to be built layer by layer; families follow from `source`.
package struct Frame: Sendable {
    /// An IPv6 extension header.
    package enum Extension: Sendable {
        /// Hop-by-hop, routing or destination options, by its number; `units` of eight bytes behind the first eight.
        case options(UInt8, units: UInt8)
        /// `offset` in units of eight bytes.
        case fragment(offset: UInt16, more: Bool)
        /// `words` of four bytes behind the first eight.
        case authentication(words: UInt8)

        package static let hopByHop = Extension.options(0, units: 0)
        package static let routing = Extension.options(43, units: 2)
        package static let destination = Extension.options(60, units: 1)

        var number: UInt8 {
            switch self {
            case .options(let number, _): number
            case .fragment: 44
            case .authentication: 51
            }
        }

        func bytes(next: UInt8) -> [UInt8] {
            switch self {
            case .options(_, let units): [next, units] + [UInt8](repeating: 1, count: 6 + Int(units) * 8)
            case .fragment(let offset, let more):
                [next, 0] + (offset << 3 | (more ? 1 : 0)).bytes + [1, 2, 3, 4]
            case .authentication(let words): [next, words] + [UInt8](repeating: 7, count: 6 + Int(words) * 4)
            }
        }
    }

    package var source: Address
    package var destination: Address
    /// Ethernet types of VLAN tags, outermost first.
    package var tags: [UInt16] = []
    /// Priority and VLAN number of each tag.
    package var tagControl: UInt16 = 100
    /// What stands behind the tags; `nil`: the family's own.
    package var etherType: UInt16?
    /// IPv4 options, in words of four bytes.
    package var optionWords = 0
    /// IPv4 flags and fragment offset, as they stand in the header.
    package var fragmentField: UInt16 = 0
    package var extensions: [Extension] = []
    package var `protocol`: UInt8 = 17
    package var sourcePort: UInt16 = 40_000
    package var destinationPort: UInt16 = 53
    package var tcpFlags: UInt8 = 0
    /// TCP's numbers.
    package var sequence: UInt32 = 1
    package var acknowledged: UInt32 = 0
    /// Bytes behind the 20 that stand for the transport header.
    package var payload = 6

    package init(from source: Address, to destination: Address) {
        self.source = source
        self.destination = destination
    }

    /// The frame that answers: the other way, without anything on top.
    package var reversed: Frame {
        with {
            ($0.source, $0.destination) = (destination, source)
            ($0.sourcePort, $0.destinationPort) = (destinationPort, sourcePort)
        }
    }

    /// A copy with something changed.
    package func with(_ change: (inout Frame) -> Void) -> Frame {
        var copy = self
        change(&copy)
        return copy
    }

    package var bytes: [UInt8] {
        var frame: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
        for tag in tags { frame += tag.bytes + tagControl.bytes }
        frame += (etherType ?? (source.isIPv4 ? 0x0800 : 0x86DD)).bytes
        return frame + (source.isIPv4 ? ipv4 : ipv6) + transport
    }

    private var ipv4: [UInt8] {
        let total = UInt16(truncatingIfNeeded: 20 + optionWords * 4 + transport.count)
        return [UInt8(0x45 + optionWords), 0] + total.bytes + [0, 1] + fragmentField.bytes + [
            64, `protocol`, 0, 0,
        ]
            + UInt32(truncatingIfNeeded: source.low).bytes + UInt32(truncatingIfNeeded: destination.low).bytes
            + [UInt8](repeating: 1, count: optionWords * 4)
    }

    private var ipv6: [UInt8] {
        let numbers = extensions.map(\.number) + [`protocol`]
        let chain = zip(extensions, numbers.dropFirst()).flatMap { $0.bytes(next: $1) }
        return [0x60, 0, 0, 0] + UInt16(truncatingIfNeeded: chain.count + transport.count).bytes + [
            numbers[0], 64,
        ]
            + source.high.bytes + source.low.bytes + destination.high.bytes + destination.low.bytes + chain
    }

    /// Ports, then bytes that look like a TCP header's; other protocols take them as they are.
    private var transport: [UInt8] {
        sourcePort.bytes + destinationPort.bytes + sequence.bytes + acknowledged.bytes
            + [0x50, tcpFlags, 1, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xA5, count: payload)
    }
}

extension FixedWidthInteger {
    /// In network order.
    package var bytes: [UInt8] {
        stride(from: Self.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}
