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
        /// Bytes so far.
        var bytes: UInt32 = 0
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
    /// It has ended, and its service has taken note of how long it was.
    var isMeasured = false

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

extension Conversation.Marks {
    /// A frame beyond this length carries data: the longest headers without are IPv6 and TCP with a full set of
    /// options, 14 + 40 + 60, and two VLAN tags would make 122; a bare acknowledgement has 66 to 86.
    private static let longestHeaders: UInt16 = 100

    init(of sample: FlowSample) {
        self = []
        guard sample.key.protocol == .tcp else { return }
        if sample.syn > 0 { insert(.syn) }
        if sample.synAck > 0 { insert(.synAck) }
        if sample.ack > sample.synAck &+ sample.rst { insert(.takesPart) }
        if sample.packets > sample.ack &+ sample.syn &+ sample.rst { insert(.stray) }
        if sample.rst > 0 { formUnion([.reset, .close]) }
        if sample.fin > 0 { insert(.close) }
        if sample.maximumLength > Self.longestHeaders { insert(.data) }
    }
}
