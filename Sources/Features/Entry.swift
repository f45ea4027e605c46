import Traffic

/// Where an entry stands: number of the reading, and index in it.
struct EntryPosition {
    var reading: UInt32
    var index: UInt32
    static let none = EntryPosition(reading: 0, index: 0)
}

/// An entity's slot, and the serial that tells whether it still is the same entity.
struct EntityReference {
    var slot: Int32
    var serial: UInt32
    static let none = EntityReference(slot: -1, serial: 0)
}

/// What the builder found out about one flow sample of the window.
struct Entry {
    struct Traits: OptionSet {
        let rawValue: UInt16
        /// The flow began in this reading, and its source began the conversation.
        static let isNew = Traits(rawValue: 1)
        /// Its source began the conversation.
        static let isInitiated = Traits(rawValue: 2)
        /// The source never turned to this service before.
        static let isNovelService = Traits(rawValue: 4)
        /// The destination never heard of this source before.
        static let isNovelPeer = Traits(rawValue: 8)
        /// Sent to a group, or a notice: no answer is expected.
        static let expectsNoAnswer = Traits(rawValue: 16)
        static let isAnswered = Traits(rawValue: 32)
        /// Answered by a reset before the connection was established.
        static let isRefused = Traits(rawValue: 64)
        static let isEstablished = Traits(rawValue: 128)
        /// A login service (see `LoginPorts`).
        static let isLogin = Traits(rawValue: 256)
        static let isInteractive = Traits(rawValue: 512)
        static let isTCP = Traits(rawValue: 1024)
        /// Its source sent more than SYN and RST: all that can be known where answers are not seen.
        static let takesPart = Traits(rawValue: 2048)
        /// Its source's connections to the service, and the short answers to them, are all of a length.
        static let isAlike = Traits(rawValue: 4096)
        /// Its source turned to the service for the first time after ten minutes of watching, or later.
        static let isNewService = Traits(rawValue: 8192)
        /// Of an established conversation in which both sides sent data.
        static let isServed = Traits(rawValue: 16384)
        /// Its source has called the service as by a clock since the watch began.
        static let isHabit = Traits(rawValue: 32768)
    }

    var traits: Traits = []
    var source = EntityReference.none
    var destination = EntityReference.none
    /// The same two hosts in the other view, for what came back.
    var sourceAsDestination = EntityReference.none
    var destinationAsSource = EntityReference.none
    var sourceHash: UInt64
    var destinationHash: UInt64
    /// Slots of its conversation and of its service (-1: none), and its direction in the conversation.
    var conversation: Int32 = -1
    var direction: Int8 = 0
    var service: Int32 = -1
    /// Time of its first and last packet in this reading, nanoseconds.
    var first: Int64
    var last: Int64
    /// The same flow's entry before this one.
    var previous = EntryPosition.none
    /// Packets of the flow in the window up to this entry.
    var flowPackets: UInt64 = 0
    /// Of its service: decayed counts of new flows, regularity, connections that wait to be served.
    var repeat60: Float = 0
    var repeat600: Float = 0
    var regularity: Float = 0
    var unserved: Float = 0
    /// Of its service, if that is outside and few call it: for how long it has been called as by a clock.
    var steadySeconds: Float = 0
}

/// The entries of one reading, beside the samples they are about.
struct Frame {
    var number: UInt32
    var start: Int64
    var end: Int64
    var samples: [FlowSample]
    var entries: [Entry]
    /// Indices of entries whose flow had one in the window before.
    var repeats: [Int] = []
    var aside: AsideSketch?
    /// Mean length of the packets aside, and the estimates' expected excess.
    var asideLength: Double
    var asideNoise: UInt64
}

/// TCP services that begin with a login.
///
/// Those that let in everybody unless told otherwise, and that programs and other servers turn to all the time, are none: smtp
/// between servers, redis, mongodb.
enum LoginPorts {
    /// ftp, ssh, telnet, pop3, imap, smb, submission, mssql, oracle, mqtt, mysql, rdp, postgresql, vnc, winrm ...
    private static let all: Set<UInt16> = interactive.union([
        110, 139, 143, 389, 445, 465, 587, 993, 995, 1433, 1521, 1883, 3306, 5432, 5985, 8883,
    ])
    /// Those that people log in to: ftp, ssh, telnet, rdp, vnc.
    ///
    /// Programs open connections to the others by the hundred.
    private static let interactive: Set<UInt16> = [21, 22, 23, 2222, 2323, 3389, 5900, 5901]

    /// What the service is, of a flow's traits.
    static func traits(of key: FlowKey) -> Entry.Traits {
        guard key.protocol == .tcp, all.contains(key.destinationPort) else { return [] }
        return interactive.contains(key.destinationPort) ? [.isLogin, .isInteractive] : [.isLogin]
    }
}
