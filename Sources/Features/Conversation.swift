import Traffic

/// A flow and the flow that answers it, as far as they were seen.
struct Conversation {
    /// What was seen of one direction.
    struct Direction {
        /// Nanoseconds; `first` is `.max` while nothing was seen.
        var first = Int64.max
        var last = Int64.min
        /// Where the newest entry of this direction stands in the window.
        var position = EntryLog.nowhere
        /// Bytes so far.
        var bytes: UInt32 = 0
        var marks: Marks = []

        @inline(__always)
        func isAlive(at now: Int64) -> Bool { first != .max && now - last <= Conversation.idleNanoseconds }

        /// Adds a sample whose entry stands at `position`.
        ///
        /// - Returns: the position of the one before.
        @inline(__always)
        mutating func add(_ sample: FlowSample, last: Int64, at position: Int64) -> Int64 {
            self.last = max(self.last, last)
            bytes += UInt32(min(sample.bytes, UInt64(UInt32.max - bytes)))
            marks.formUnion(Conversation.Marks(of: sample))
            defer { self.position = position }
            return self.position
        }
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
        /// Its sender receives what is sent to its address: the data plane saw it (`FlowSample.isProven`).
        static let proven = Marks(rawValue: 128)
    }

    /// A direction that was silent for longer begins anew.
    static let idleNanoseconds: Int64 = 120_000_000_000

    /// One of its two hosts, and where its histories are, lest they be looked up for each flow.
    struct Host {
        var hash: UInt64
        var asSource = EntityReference.none
        var asDestination = EntityReference.none
    }

    var directions = InlineArray<2, Direction>(repeating: Direction())
    /// Which direction began it; -1 until decided.
    var initiator: Int8 = -1
    /// The initiator's connection waits for the first byte of the service.
    var isUnserved = false
    /// It has ended, and its service has taken note of how long it was.
    var isMeasured = false
    /// Its caller is proven, and its service has taken note.
    var isProofCounted = false
    /// The senders of the two directions.
    var hosts: InlineArray<2, Host>
    /// The initiator's service.
    var service = ServiceReference.none

    /// Nothing seen yet of the flow in this direction from one host to another, and of its answer.
    init(source: UInt64, destination: UInt64, direction: Int) {
        hosts = InlineArray(repeating: Host(hash: source))
        hosts[1 - direction].hash = destination
    }

    /// What a sample says of the conversation so far.
    struct Heard {
        /// Its direction begins, and whether the other one was there already.
        var begins = false
        var isAnswer = false
        /// Where the same direction's entry before it stands in the window.
        var previous = EntryLog.nowhere
    }

    /// Takes in a sample of one direction, whose entry stands at `position`; begins anew where there was silence.
    @inline(__always)
    mutating func hear(
        _ sample: FlowSample, direction: Int, from first: Int64, to last: Int64, now: Int64,
        at position: Int64
    ) -> Heard {
        var heard = Heard()
        if !directions[direction].isAlive(at: first) {
            heard = Heard(begins: true, isAnswer: directions[1 - direction].isAlive(at: now))
            if !heard.isAnswer { restart() }
            directions[direction] = Direction()
            directions[direction].first = first
        }
        heard.previous = directions[direction].add(sample, last: last, at: position)
        return heard
    }

    /// Forgets what was seen, and keeps who it is.
    mutating func restart() {
        directions = InlineArray(repeating: Direction())
        initiator = -1
        (isUnserved, isMeasured, isProofCounted) = (false, false, false)
        service = .none
    }

    var lastSeen: Int64 { max(directions[0].last, directions[1].last) }

    /// Whether the responder showed that it takes part: a forged source does not get that far.
    var isEstablished: Bool {
        guard initiator >= 0 else { return false }
        return Self.isEstablished(
            caller: directions[Int(initiator)].marks, callee: directions[1 - Int(initiator)].marks)
    }

    @inline(__always)
    static func isEstablished(caller: Marks, callee: Marks) -> Bool {
        callee.contains(.takesPart) && !caller.isDisjoint(with: [.takesPart, .data])
    }

    /// Conversations with answers are kept a minute longer than others, so that a flood of unanswered ones
    /// pushes out itself.
    var worth: Int64 {
        let both = directions[0].first != .max && directions[1].first != .max
        let halfOpen =
            !directions[0].marks.union(directions[1].marks).isDisjoint(with: [.syn, .synAck])
            && !isEstablished
        return lastSeen / 2 + (both && !halfOpen ? 30_000_000_000 : 0)
    }
}

/// A conversation as one of its flows sees it.
///
/// Its few bytes are read where they stand: a method of `Conversation` would copy all of it, for each flow several times.
struct Standing {
    /// Its slot, and the flow's direction in it.
    var conversation: Int
    var direction: Int
    /// Whether the flow's source began it.
    var isCaller: Bool
    var mine: Conversation.Marks
    var answer: Conversation.Marks

    @inline(__always) var caller: Conversation.Marks { isCaller ? mine : answer }
    @inline(__always) var callee: Conversation.Marks { isCaller ? answer : mine }

    /// For conversations of which it is decided who began them.
    @inline(__always) var isEstablished: Bool { Conversation.isEstablished(caller: caller, callee: callee) }
}

extension Conversation.Marks {
    /// A frame beyond this length carries data: the longest headers without are IPv6 and TCP with a full set of
    /// options, 14 + 40 + 60, and two VLAN tags would make 122; a bare acknowledgement has 66 to 86.
    private static let longestHeaders: UInt16 = 100

    @inline(__always)
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
        if sample.isProven { insert(.proven) }
    }
}
