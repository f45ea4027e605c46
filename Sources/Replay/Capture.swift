import CLibpcap
import Glibc
package import Traffic

/// A capture file, frame by frame: pcap or pcapng with link type Ethernet, read by libpcap.
@safe package final class Capture {
    /// The latest that a pcap file can say, in 2106; pcapng can say more, and so can files that are broken.
    private static let latestSecond = Int64(UInt32.max)
    /// libpcap's own bound for Ethernet.
    private static let longestFrame: UInt32 = 262_144

    package let path: String
    private let handle: OpaquePointer

    /// Opens the file `path`; `-` is standard input.
    package init(path: String) throws(CaptureError) {
        self.path = path
        var buffer = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard let file = unsafe PcapngStream.open(path) else {
            throw CaptureError(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        let precision = UInt32(PCAP_TSTAMP_PRECISION_NANO)
        let opened = unsafe pcap_fopen_offline_with_tstamp_precision(file, precision, &buffer)
        guard let handle = unsafe opened else {
            unsafe fclose(file)
            throw CaptureError(path: path, reason: Self.reason(buffer))
        }
        guard unsafe pcap_datalink(handle) == DLT_EN10MB else {
            let name = unsafe pcap_datalink_val_to_name(pcap_datalink(handle)).map {
                unsafe String(cString: $0)
            }
            unsafe pcap_close(handle)
            throw CaptureError(
                path: path,
                reason: "link type is \(name ?? "unknown"), only Ethernet (EN10MB) can be replayed")
        }
        unsafe self.handle = handle
    }

    deinit { unsafe pcap_close(handle) }

    private static func reason(_ buffer: [CChar]) -> String {
        let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.hasPrefix("unknown file format")
            ? "not a capture: neither pcap nor pcapng (compressed? unpack it first, or pipe it in as '-')"
            : text
    }

    /// Hands the next frame to `body`; `nil` at the end of the file.
    ///
    /// `length` is what the frame had on the wire, which may be more than was captured of it (`tcpdump -s`).
    ///
    /// - Throws: `CaptureError` where the file is cut off or corrupt; what came before has been handed out.
    package func next<Result>(
        _ body: (_ time: Timestamp, _ frame: UnsafeRawBufferPointer, _ length: Int) throws(CaptureError) ->
            Result
    ) throws(CaptureError) -> Result? {
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var bytes: UnsafePointer<UInt8>?
        switch unsafe pcap_next_ex(handle, &header, &bytes) {
        case 1:
            guard let header = unsafe header?.pointee else { return nil }
            // With nanosecond precision, tv_usec holds nanoseconds.
            let seconds = min(max(Int64(header.ts.tv_sec), 0), Self.latestSecond)
            let fraction = min(max(Int64(header.ts.tv_usec), 0), 999_999_999)
            let time = Timestamp(nanoseconds: seconds * 1_000_000_000 + fraction)
            // A header that claims less than is there, or more than any frame has, is broken.
            let length = header.len <= Self.longestFrame ? max(header.len, header.caplen) : header.caplen
            return try unsafe body(
                time, UnsafeRawBufferPointer(start: bytes, count: Int(header.caplen)), Int(length))
        case PCAP_ERROR_BREAK:
            return nil
        default:
            throw CaptureError(path: path, reason: unsafe String(cString: pcap_geterr(handle)))
        }
    }
}
