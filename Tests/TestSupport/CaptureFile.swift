import Glibc
package import Traffic

/// A capture file in a directory of its own, which goes with this value.
package final class CaptureFile {
    package let path: String
    private let directory: String

    package init(_ bytes: [UInt8]) throws {
        var template = Array("/tmp/sluice-capture-XXXXXX".utf8CString)
        directory = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? "/nonexistent"
        path = "\(directory)/capture"
        let descriptor = unsafe Glibc.open(path, O_CREAT | O_WRONLY, 0o600)
        let written = unsafe write(descriptor, bytes, bytes.count)
        close(descriptor)
        guard written == bytes.count else { throw CommandFailure(description: "cannot write \(path)") }
    }

    deinit {
        unsafe unlink(path)
        unsafe rmdir(directory)
    }

    /// A pcap file with nanosecond times.
    ///
    /// Of each frame it holds at most `snapshot` bytes.
    package convenience init(
        pcap frames: [(time: Timestamp, bytes: [UInt8])], linkType: UInt32 = 1, snapshot: Int = 262_144
    ) throws {
        let records = frames.flatMap { frame in
            let (seconds, rest) = frame.time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
            let captured = frame.bytes.prefix(snapshot)
            return UInt32(seconds).bytes + UInt32(rest).bytes + UInt32(captured.count).bytes
                + UInt32(frame.bytes.count).bytes + captured
        }
        try self.init(Self.header(linkType: linkType) + records)
    }

    package static func header(linkType: UInt32 = 1) -> [UInt8] {
        UInt32(0xA1B2_3C4D).bytes + [0, 2, 0, 4] + [UInt8](repeating: 0, count: 8) + UInt32(262_144).bytes
            + linkType.bytes
    }

    /// A pcapng block: type, length, body padded to four bytes, length.
    package static func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
        let length = UInt32(padded.count + 12).bytes
        return type.bytes + length + padded + length
    }

    package static let section = block(
        0x0A0D_0D0A, UInt32(0x1A2B_3C4D).bytes + [0, 1, 0, 0] + Int64(-1).bytes)

    /// Interface description; options are whole ones, each padded.
    package static func interface(
        linkType: UInt16 = 1, snapshot: UInt32, options: [UInt8] = []
    ) -> [UInt8] {
        block(1, linkType.bytes + [0, 0] + snapshot.bytes + options)
    }

    /// An option of a block.
    package static func option(_ code: UInt16, _ value: [UInt8]) -> [UInt8] {
        code.bytes + UInt16(value.count).bytes + value
            + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }

    /// Simple packet block of a frame that had so many bytes.
    package static func simplePacket(_ frame: [UInt8], length: UInt32) -> [UInt8] {
        block(3, length.bytes + frame)
    }

    /// A file with these contents in the other byte order: blocks of the kinds above, without options.
    package static func swapped(_ blocks: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = blocks[...]
        while !rest.isEmpty {
            let length = rest.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let block = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
            // Widths of the fields before whatever is bytes.
            let widths: [Int] =
                switch block[3] {
                case 1: [4, 4, 2, 2, 4]
                case 3: [4, 4, 4]
                case 6: [4, 4, 4, 4, 4, 4, 4]
                default: [4, 4, 4, 2, 2, 8]
                }
            var at = 0
            for width in widths {
                result += block[at..<at + width].reversed()
                at += width
            }
            result += block[at..<length - 4] + block[(length - 4)...].reversed()
        }
        return result
    }

    /// Enhanced packet block; the time is in microseconds.
    package static func packet(on interface: UInt32, at microseconds: UInt64, _ frame: [UInt8]) -> [UInt8] {
        let length = UInt32(frame.count).bytes
        return block(6, interface.bytes + microseconds.bytes + length + length + frame)
    }
}
