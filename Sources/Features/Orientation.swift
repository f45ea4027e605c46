import Traffic

/// How a flow's key maps to a conversation.
struct Orientation {
    var hash: UInt64
    /// 0 or 1: which of the two directions the flow is.
    var direction: Int
    /// The flow is a message about others (ICMP errors, neighbour discovery) or a later fragment: nobody answers
    /// it, and it begins nothing.
    var isNotice: Bool
    /// Where the conversation was found to stand, if it was; to be checked when it is used.
    var slot: Int?

    @inline(__always)
    init(hash: UInt64, direction: Int, isNotice: Bool) {
        self.hash = hash
        self.direction = direction
        self.isNotice = isNotice
    }

    @inline(__always)
    init(_ entry: Entry) {
        let (source, destination) = (entry.sourceHash, entry.destinationHash)
        let number = UInt64(entry.protocol.rawValue)
        if entry.protocol.isICMP {
            self.init(icmp: entry, number: number)
            return
        }
        let ports = (UInt64(entry.sourcePort), UInt64(entry.destinationPort))
        let isForward = source < destination || source == destination && ports.0 <= ports.1
        let (out, back) = (StableHash.combine(source, ports.0), StableHash.combine(destination, ports.1))
        let ends = StableHash.combine(isForward ? out : back, isForward ? back : out)
        self.init(
            hash: StableHash.combine(ends, number), direction: isForward ? 0 : 1,
            isNotice: ports == (0, 0) && Self.hasPorts(entry.protocol))
    }

    private init(icmp entry: Entry, number: UInt64) {
        let type = UInt8(entry.destinationPort >> 8)
        let request = Self.requestType(type, isVersion6: entry.protocol == .icmpv6)
        let isForward = request == nil || request == type
        let requester = isForward ? entry.sourceHash : entry.destinationHash
        let responder = isForward ? entry.destinationHash : entry.sourceHash
        self.init(
            hash: StableHash.combine(
                StableHash.combine(requester, responder), number << 32 | UInt64(request ?? type)),
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
