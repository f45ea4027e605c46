/// IP protocol number, as in the IPv4 protocol or the last IPv6 next-header field (IANA registry).
///
/// Public, for flows are asked for it by the million: the compiler puts nothing that is `package` into the code of other modules.
public struct IPProtocol: Hashable, Sendable, BitwiseCopyable, RawRepresentable {
    /// The number.
    public var rawValue: UInt8
    /// The protocol of a number, whatever it is.
    @inlinable @inline(__always)
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// RFC 792.
    @inlinable @inline(__always) public static var icmp: IPProtocol { IPProtocol(rawValue: 1) }
    /// RFC 9293.
    @inlinable @inline(__always) public static var tcp: IPProtocol { IPProtocol(rawValue: 6) }
    /// RFC 768.
    @inlinable @inline(__always) public static var udp: IPProtocol { IPProtocol(rawValue: 17) }
    /// RFC 4443.
    @inlinable @inline(__always) public static var icmpv6: IPProtocol { IPProtocol(rawValue: 58) }

    /// Whether the numbers are the same.
    @inlinable @inline(__always)
    public static func == (left: IPProtocol, right: IPProtocol) -> Bool { left.rawValue == right.rawValue }

    /// An IPv6 extension header (RFC 8200 4): what stands behind it was not looked for any more.
    @inlinable @inline(__always)
    public var isExtensionHeader: Bool {
        rawValue == 0 || rawValue == 43 || rawValue == 44 || rawValue == 51 || rawValue == 60
    }

    /// ICMP of either family.
    @inlinable @inline(__always)
    public var isICMP: Bool { self == .icmp || self == .icmpv6 }
}

extension IPProtocol: CustomStringConvertible {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, else the number.
    public var description: String {
        switch self {
        case .icmp: "icmp"
        case .tcp: "tcp"
        case .udp: "udp"
        case .icmpv6: "icmpv6"
        default: "\(rawValue)"
        }
    }
}

/// One direction of a conversation.
///
/// Ports are in host order, and 0 where the protocol has none or the packet is a later fragment. ICMP has source
/// port 0 and destination port type * 256 + code, as in IPFIX (RFC 5102, `icmpTypeCodeIPv4`).
package struct FlowKey: Hashable, Sendable {
    package var source: Address
    package var destination: Address
    package var `protocol`: IPProtocol
    package var sourcePort: UInt16
    package var destinationPort: UInt16

    package init(
        source: Address, destination: Address, protocol: IPProtocol, sourcePort: UInt16,
        destinationPort: UInt16
    ) {
        self.source = source
        self.destination = destination
        self.protocol = `protocol`
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
    }

    /// The key that answers to this flow have; not those to ICMP, which carry another type.
    package var reversed: FlowKey {
        FlowKey(
            source: destination, destination: source, protocol: `protocol`,
            sourcePort: destinationPort, destinationPort: sourcePort)
    }
}

extension FlowKey: Comparable {
    /// By source, destination, protocol, source port and destination port.
    package static func < (left: FlowKey, right: FlowKey) -> Bool {
        if left.source != right.source { return left.source < right.source }
        if left.destination != right.destination { return left.destination < right.destination }
        return (left.protocol.rawValue, left.sourcePort, left.destinationPort)
            < (right.protocol.rawValue, right.sourcePort, right.destinationPort)
    }
}

/// What one flow did between two reads of the data plane, summed over CPUs.
package struct FlowSample: Hashable, Sendable {
    package var key: FlowKey
    package var packets: UInt64 = 0
    /// Frame lengths with the Ethernet header, in bytes.
    package var bytes: UInt64 = 0
    /// Sum of the squares of frame lengths, in bytes squared; with `bytes` and `packets` it gives their variance.
    package var squaredBytes: UInt64 = 0
    package var minimumLength: UInt16 = .max
    package var maximumLength: UInt16 = 0
    /// Packets that were fragments (first or later); sticks at 16,383 a CPU.
    package var fragments: UInt64 = 0
    /// TCP packets with SYN and without ACK.
    package var syn: UInt64 = 0
    /// TCP packets with SYN and ACK.
    package var synAck: UInt64 = 0
    /// TCP packets with ACK (those with SYN too).
    package var ack: UInt64 = 0
    package var fin: UInt64 = 0
    package var rst: UInt64 = 0
    /// Whether its source has acknowledged the number that its peer chose for this TCP connection, now or before: it receives what
    /// is sent to its address, so nobody speaks in its name (`bpf/proof.bpf.h`).
    package var isProven = false
    /// Time of the first and of the last packet.
    package var first: Timestamp
    package var last: Timestamp

    package init(key: FlowKey, first: Timestamp, last: Timestamp) {
        self.key = key
        self.first = first
        self.last = last
    }

    /// Adds what another CPU counted of the same flow.
    package mutating func merge(_ other: FlowSample) {
        packets += other.packets
        bytes += other.bytes
        squaredBytes += other.squaredBytes
        minimumLength = min(minimumLength, other.minimumLength)
        maximumLength = max(maximumLength, other.maximumLength)
        fragments += other.fragments
        syn += other.syn
        synAck += other.synAck
        ack += other.ack
        fin += other.fin
        rst += other.rst
        isProven = isProven || other.isProven
        first = min(first, other.first)
        last = max(last, other.last)
    }
}
