import Traffic

/// A frame as it stands in a capture.
@safe struct RawFrame {
    var time: Timestamp
    /// Valid until the next frame is read.
    let bytes: UnsafeRawBufferPointer
    /// On the wire; `bytes` may be the beginning only.
    var length: Int
    /// Which of the reader's interfaces it is from.
    var interface: Int

    /// The latest that a pcap file can say, in 2106; pcapng can say more, and so can files that are broken.
    private static let latestSecond = Int64(UInt32.max)
    /// libpcap's own bound for Ethernet.
    private static let longest = 262_144

    /// `claimed` is the length on the wire that the capture says: one that is less than is there, or more than any frame has, is
    /// broken.
    init(
        seconds: Int64, nanoseconds: Int64, bytes: UnsafeRawBufferPointer, claimed: UInt32, interface: Int
    ) {
        let whole = min(max(seconds, 0), Self.latestSecond)
        let fraction = min(max(nanoseconds, 0), 999_999_999)
        time = Timestamp(nanoseconds: whole * 1_000_000_000 + fraction)
        unsafe self.bytes = bytes
        length = Int(claimed) <= Self.longest ? max(Int(claimed), bytes.count) : bytes.count
        self.interface = interface
    }
}

/// An interface that frames of a capture are from.
struct CapturedInterface {
    /// By the number that the file has for it.
    var linkType: UInt32
    /// As the capture calls it.
    var name: String?
}

/// What reads one format of captures.
protocol FrameReader: AnyObject {
    /// Those met so far.
    var interfaces: [CapturedInterface] { get }
    /// The next frame, `nil` at the end.
    func next() throws(CaptureError) -> RawFrame?
}
