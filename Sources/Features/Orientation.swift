import Traffic

/// How a flow's key maps to a conversation.
struct Orientation {
    var hash: UInt64
    /// 0 or 1: which of the two directions the flow is.
    var direction: Int
    /// The flow is a message about others (ICMP errors, neighbour discovery) or a later fragment: nobody answers
    /// it, and it begins nothing.
    var isNotice: Bool

    init(_ key: FlowKey, source: UInt64, destination: UInt64) {
        let number = UInt64(key.protocol.rawValue)
        isNotice = false
        if key.protocol.isICMP {
            let type = UInt8(key.destinationPort >> 8)
            let request = Self.requestType(type, isVersion6: key.protocol == .icmpv6)
            direction = request == nil || request == type ? 0 : 1
            isNotice = request == nil
            let requester = direction == 0 ? source : destination
            let responder = direction == 0 ? destination : source
            hash = StableHash.combine(
                StableHash.combine(requester, responder), number << 32 | UInt64(request ?? type))
            return
        }
        let ports = (UInt64(key.sourcePort), UInt64(key.destinationPort))
        isNotice = ports == (0, 0) && Self.hasPorts(key.protocol)
        let isForward = (source, ports.0) <= (destination, ports.1)
        direction = isForward ? 0 : 1
        let low = isForward ? StableHash.combine(source, ports.0) : StableHash.combine(destination, ports.1)
        let high = isForward ? StableHash.combine(destination, ports.1) : StableHash.combine(source, ports.0)
        hash = StableHash.combine(StableHash.combine(low, high), number)
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
