import CLibpcap

/// Frames of a pcap file, in all its dialects, by libpcap.
@safe final class PcapReader: FrameReader {
    private let path: String
    private let bytes: CaptureBytes
    private let handle: OpaquePointer
    let interfaces: [CapturedInterface]

    init(_ bytes: CaptureBytes, path: String) throws(CaptureError) {
        self.path = path
        self.bytes = bytes
        var buffer = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard let file = unsafe bytes.stream() else {
            throw CaptureError(path: path, reason: "no memory to read it")
        }
        let precision = UInt32(PCAP_TSTAMP_PRECISION_NANO)
        guard let handle = unsafe pcap_fopen_offline_with_tstamp_precision(file, precision, &buffer) else {
            unsafe fclose(file)
            throw CaptureError(path: path, reason: bytes.failure ?? Self.reason(buffer))
        }
        unsafe self.handle = handle
        interfaces = unsafe [CapturedInterface(linkType: UInt32(bitPattern: pcap_datalink(handle)))]
    }

    deinit { unsafe pcap_close(handle) }

    private static func reason(_ buffer: [CChar]) -> String {
        let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.hasPrefix("unknown file format")
            ? "not a capture: neither pcap nor pcapng, plain or packed by gzip, zstd or xz" : text
    }

    func next() throws(CaptureError) -> RawFrame? {
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var bytes: UnsafePointer<UInt8>?
        switch unsafe pcap_next_ex(handle, &header, &bytes) {
        case 1:
            guard let header = unsafe header?.pointee else { return nil }
            // With nanosecond precision, tv_usec holds nanoseconds.
            return unsafe RawFrame(
                seconds: Int64(header.ts.tv_sec), nanoseconds: Int64(header.ts.tv_usec),
                bytes: UnsafeRawBufferPointer(start: bytes, count: Int(header.caplen)), claimed: header.len,
                interface: 0)
        case PCAP_ERROR_BREAK:
            return nil
        default:
            let reason = unsafe String(cString: pcap_geterr(handle))
            throw CaptureError(path: path, reason: self.bytes.failure ?? reason)
        }
    }
}
