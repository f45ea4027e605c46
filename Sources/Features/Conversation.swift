import Traffic

/// A flow and the flow that answers it, as far as they were seen.
struct Conversation {
    /// What was seen of one direction.
    struct Direction {
        /// Nanoseconds; `first` is `.max` while nothing was seen.
        var first = Int64.max
        var last = Int64.min
        /// Where the newest entry of this direction stands in the window.
        var position = EntryPosition.none
        var marks: Marks = []

        func isAlive(at now: Int64) -> Bool { first != .max && now - last <= Conversation.idleNanoseconds }
    }

    /// TCP evidence of who began, and how far it came.
    struct Marks: OptionSet {
        let rawValue: UInt8
        /// SYN without ACK.
        static let syn = Marks(rawValue: 1)
        static let synAck = Marks(rawValue: 2)
        /// A packet without SYN, ACK and RST, which no connection has (FIN, NULL and XMAS probes).
        static let stray = Marks(rawValue: 4)
        /// ACK without SYN and RST: the sender takes part in a connection.
        static let takesPart = Marks(rawValue: 8)
        static let reset = Marks(rawValue: 16)
        /// A frame long enough to carry more than headers.
        static let data = Marks(rawValue: 32)
        /// FIN or RST.
        static let close = Marks(rawValue: 64)
    }

    /// A direction that was silent for longer begins anew.
    static let idleNanoseconds: Int64 = 120_000_000_000

    var directions = (Direction(), Direction())
    /// Which direction began it; `nil` until decided.
    var initiator: Int8 = -1
    /// The initiator's connection waits for the first byte of the service.
    var isUnserved = false

    subscript(direction: Int) -> Direction {
        get { direction == 0 ? directions.0 : directions.1 }
        set { if direction == 0 { directions.0 = newValue } else { directions.1 = newValue } }
    }

    var lastSeen: Int64 { max(directions.0.last, directions.1.last) }

    /// Whether the responder showed that it takes part: a forged source does not get that far.
    var isEstablished: Bool {
        initiator >= 0 && self[1 - Int(initiator)].marks.contains(.takesPart)
            && !self[Int(initiator)].marks.isDisjoint(with: [.takesPart, .data])
    }

    /// Conversations with answers are kept a minute longer than others, so that a flood of unanswered ones
    /// pushes out itself.
    static func worth(_ conversation: Conversation) -> Int64 {
        let both = conversation.directions.0.first != .max && conversation.directions.1.first != .max
        let halfOpen =
            !conversation.directions.0.marks.union(conversation.directions.1.marks)
            .isDisjoint(with: [.syn, .synAck]) && !conversation.isEstablished
        return conversation.lastSeen / 2 + (both && !halfOpen ? 30_000_000_000 : 0)
    }
}

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
