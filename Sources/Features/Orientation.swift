import Traffic

/// How a flow's key maps to a conversation.
struct Orientation {
    var hash: UInt64
    /// 0 or 1: which of the two directions the flow is.
    var direction: Int
    /// The flow is a message about others (ICMP errors, neighbour discovery) or a later fragment: nobody answers
    /// it, and it begins nothing.
    var isNotice: Bool
    @inline(__always)
    init(hash: UInt64, direction: Int, isNotice: Bool) {
        self.hash = hash
        self.direction = direction
        self.isNotice = isNotice
    }

    @inline(__always)
    init(_ key: FlowKey) {
        if key.protocol.isICMP {
            self.init(icmp: key)
            return
        }
        let source = StableHash.end(key.source, port: key.sourcePort)
        let destination = StableHash.end(key.destination, port: key.destinationPort)
        // The sum of both ends is the same for the flow that answers.
        self.init(
            hash: StableHash.combine(source &+ destination, UInt64(key.protocol.rawValue)),
            direction: source <= destination ? 0 : 1,
            isNotice: key.sourcePort | key.destinationPort == 0 && Self.hasPorts(key.protocol))
    }

    private init(icmp key: FlowKey) {
        let source = StableHash.end(key.source, port: 0)
        let destination = StableHash.end(key.destination, port: 0)
        let type = UInt8(key.destinationPort >> 8)
        let request = Self.requestType(type, isVersion6: key.protocol == .icmpv6)
        let isForward = request == nil || request == type
        let ends =
            isForward
            ? StableHash.combine(source, destination) : StableHash.combine(destination, source)
        self.init(
            hash: StableHash.combine(ends, UInt64(key.protocol.rawValue) << 32 | UInt64(request ?? type)),
            direction: isForward ? 0 : 1, isNotice: request == nil)
    }

    /// The request that an ICMP type is, or answers; `nil` for types that are neither (RFC 792, 950, 4443).
    private static func requestType(_ type: UInt8, isVersion6: Bool) -> UInt8? {
        if isVersion6 { return type == 128 || type == 129 ? 128 : nil }
        return switch type {
        case 0, 8: 8
        case 13, 14: 13
        case 15, 16: 15
        case 17, 18: 17
        default: nil
        }
    }

    private static func hasPorts(_ number: IPProtocol) -> Bool {
        switch number.rawValue {
        case 6, 17, 33, 132, 136: true
        default: false
        }
    }
}
