import Traffic

/// An entity's slot, and the serial that tells whether it still is the same entity.
struct EntityReference: Equatable {
    var slot: Int32
    var serial: UInt32
    static let none = EntityReference(slot: -1, serial: 0)
}

/// The entities that one flow sample is about, in both views.
struct EntryEnds: Equatable {
    var source = EntityReference.none
    var destination = EntityReference.none
    /// The same two hosts in the other view, for what came back.
    var sourceAsDestination = EntityReference.none
    var destinationAsSource = EntityReference.none

    /// Those of the flow that answers.
    @inline(__always)
    var reversed: EntryEnds {
        EntryEnds(
            source: destinationAsSource, destination: sourceAsDestination, sourceAsDestination: destination,
            destinationAsSource: source)
    }
}

/// What an entry adds to the sums of the entities at its ends.
struct EntryTraffic {
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    var resets: UInt64 = 0
}

/// What the window keeps of one flow sample, and what the builder found out about it.
///
/// Two cache lines, of which the first has what each window asks for. Counters end at 2^32 - 1.
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

    var packets: UInt64
    var bytes: UInt64
    /// Packets of the flow in the window up to this entry.
    var flowPackets: UInt64
    var sourceHash: UInt64
    var destinationHash: UInt64
    /// The same flow's entry before this one.
    var previous = EntryLog.nowhere
    var traits: Traits = []
    var sourcePort: UInt16
    var destinationPort: UInt16
    var `protocol`: IPProtocol
    /// Its direction in the conversation.
    var direction: Int8 = 0
    var rst: UInt32
    /// Slot of its conversation, and of its service below (-1: none).
    var conversation: Int32 = -1
    /// Time of its first packet in this reading, nanoseconds.
    var first: Int64
    var service: Int32 = -1
    var squaredBytes: Float
    var fragments: UInt32
    var syn: UInt32
    var synAck: UInt32
    /// Packets with FIN or RST, and TCP packets without ACK, SYN and RST.
    var closes: UInt32
    var noAck: UInt32
    /// Of its service: decayed counts of new flows, regularity, connections that wait to be served.
    var repeat60: Float = 0
    var repeat600: Float = 0
    var regularity: Float = 0
    var unserved: Float = 0
    /// Of its service, if that is outside and few call it: for how long it has been called as by a clock.
    var steadySeconds: Float = 0
    /// The number of its sample in its reading.
    var sample: Int32
    /// Its source receives what is sent to it.
    var isProven = false
    /// Of a hundred flows that its source began with its service of late, so many were proven.
    var provenPercent: UInt8 = 0

    @inline(__always)
    init(_ sample: FlowSample, number: Int32, first: Int64) {
        self.sample = number
        packets = sample.packets
        bytes = sample.bytes
        flowPackets = sample.packets
        sourceHash = StableHash.of(sample.key.source)
        destinationHash = StableHash.of(sample.key.destination)
        sourcePort = sample.key.sourcePort
        destinationPort = sample.key.destinationPort
        `protocol` = sample.key.protocol
        self.first = first
        squaredBytes = Float(sample.squaredBytes)
        fragments = UInt32(clamping: sample.fragments)
        syn = UInt32(clamping: sample.syn)
        synAck = UInt32(clamping: sample.synAck)
        rst = UInt32(clamping: sample.rst)
        closes = UInt32(clamping: sample.fin &+ sample.rst)
        let known = sample.ack &+ sample.syn &+ sample.rst
        noAck = UInt32(clamping: sample.packets > known ? sample.packets - known : 0)
    }
}

/// One reading of the window, beside the log of its entries.
struct Frame {
    var start: Int64
    var end: Int64
    /// Position of the entry of its first sample.
    var first: Int64
    var samples: [FlowSample]
    /// Entries whose flow had one in the window before.
    var repeats: [Int64] = []
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
    /// What the TCP service at a port is, of a flow's traits.
    ///
    /// Those that people log in to: ftp, ssh, telnet, rdp, vnc. Programs open connections to the others by the hundred: pop3, imap,
    /// smb, submission, mssql, oracle, mqtt, mysql, postgresql, winrm ...
    static func traits(of port: UInt16) -> Entry.Traits {
        switch port {
        case 21, 22, 23, 2222, 2323, 3389, 5900, 5901: [.isLogin, .isInteractive]
        case 110, 139, 143, 389, 445, 465, 587, 993, 995, 1433, 1521, 1883, 3306, 5432, 5985, 8883: [.isLogin]
        default: []
        }
    }
}
