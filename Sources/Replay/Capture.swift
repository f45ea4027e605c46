package import Traffic

/// A capture file, frame by frame: pcap or pcapng, packed or not, of interfaces of all common link types.
@safe package final class Capture {
    private static let ethernetHeader = 14

    package let path: String
    private let reader: any FrameReader
    private var leftOutByInterface: [Int: LeftOut] = [:]
    /// Holds a frame that has no Ethernet header in the file, behind one that is made for it.
    private var dressed: [UInt8] = []

    /// Opens the file `path`; `-` is standard input.
    package init(path: String) throws(CaptureError) {
        self.path = path
        let bytes = try CaptureBytes(path: path)
        if bytes.peek(4) == PcapngReader.magic {
            reader = PcapngReader(bytes, path: path)
            return
        }
        let pcap = try PcapReader(bytes, path: path)
        guard LinkType(pcap.interfaces[0].linkType) != nil else {
            throw CaptureError(
                path: path,
                reason:
                    "link type is \(LinkType.name(of: pcap.interfaces[0].linkType)); only \(LinkType.known) can be replayed"
            )
        }
        reader = pcap
    }

    /// What was left out so far, by interface.
    package var leftOut: [LeftOut] { leftOutByInterface.sorted { $0.key < $1.key }.map(\.value) }

    /// Hands the next frame to `body`, with an Ethernet header; `nil` at the end of the file.
    ///
    /// `length` is what the frame had on the wire, which may be more than was captured of it (`tcpdump -s`). Where the file has
    /// no Ethernet header, it is the length without whatever it has in place of one.
    ///
    /// - Throws: `CaptureError` where the file is cut off or corrupt; what came before has been handed out.
    package func next<Result>(
        _ body: (_ time: Timestamp, _ frame: UnsafeRawBufferPointer, _ length: Int) throws(CaptureError) ->
            Result
    ) throws(CaptureError) -> Result? {
        while let frame = try reader.next() {
            guard let linkType = LinkType(reader.interfaces[frame.interface].linkType) else {
                leaveOut(frame.interface)
                continue
            }
            if linkType == .ethernet { return try unsafe body(frame.time, frame.bytes, frame.length) }
            let (type, start) = unsafe linkType.packet(in: frame.bytes)
            unsafe dress(UnsafeRawBufferPointer(rebasing: frame.bytes[start...]), as: type)
            var result: Swift.Result<Result, CaptureError>?
            unsafe dressed.withUnsafeBytes { bytes in
                result = Swift.Result { () throws(CaptureError) in
                    try unsafe body(frame.time, bytes, frame.length - start)
                }
            }
            return try result?.get()
        }
        return nil
    }

    private func dress(_ packet: UnsafeRawBufferPointer, as type: UInt16) {
        dressed.removeAll(keepingCapacity: true)
        dressed.append(contentsOf: repeatElement(0, count: Self.ethernetHeader - 2))
        dressed.append(UInt8(type >> 8))
        dressed.append(UInt8(truncatingIfNeeded: type))
        unsafe dressed.append(contentsOf: packet)
    }

    private func leaveOut(_ number: Int) {
        let interface = reader.interfaces[number]
        leftOutByInterface[
            number,
            default: LeftOut(
                path: path, interface: number + 1, name: interface.name,
                linkType: LinkType.name(of: interface.linkType), frames: 0)
        ].frames += 1
    }
}
