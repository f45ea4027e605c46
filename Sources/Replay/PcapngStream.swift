import CLibpcap
import Glibc

/// Hands a capture file to libpcap so that pcapng files whose interfaces differ can be read.
///
/// libpcap gives one snapshot length and one link type to a whole file, and refuses files whose interface descriptions
/// differ in them; tools that join captures write such files. On the way, each description gets the largest snapshot
/// length, and the link type of the first one, which is what the file is taken for. Everything else goes through as it is:
/// other formats, and whatever is corrupt, are for libpcap to judge.
///
/// Format: IETF draft-ietf-opsawg-pcapng, sections 4.1 (section header) and 4.2 (interface description).
@safe final class PcapngStream {
    private enum BlockType {
        static let sectionHeader: UInt32 = 0x0A0D_0D0A
        static let interface: UInt32 = 1
    }

    /// Largest frame that libpcap reads.
    private static let snapshotLength: UInt32 = 262_144
    /// A block longer than this is corrupt.
    private static let longestBlock = 1 << 26

    private let file: UnsafeMutablePointer<FILE>
    private var chunk: [UInt8] = []
    private var offset = 0
    private var isBigEndian = false
    private var linkType: [UInt8]?
    private var isFirst = true
    private var passesThrough = false

    /// Takes over `file`.
    private init(_ file: UnsafeMutablePointer<FILE>) { unsafe self.file = file }

    deinit { unsafe fclose(file) }

    /// A stream over the file `path` (`-`: standard input) for libpcap, which closes it; `nil` sets `errno`.
    static func open(_ path: String) -> UnsafeMutablePointer<FILE>? {
        guard let file = unsafe path == "-" ? fdopen(dup(STDIN_FILENO), "rb") : fopen(path, "rb") else {
            return nil
        }
        let cookie = unsafe Unmanaged.passRetained(PcapngStream(file)).toOpaque()
        var functions = cookie_functions()
        unsafe functions.read = { cookie, buffer, count in
            guard let cookie = unsafe cookie, let buffer = unsafe buffer else { return -1 }
            let stream = unsafe Unmanaged<PcapngStream>.fromOpaque(cookie).takeUnretainedValue()
            return unsafe stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count))
        }
        unsafe functions.close = { cookie in
            if let cookie = unsafe cookie { unsafe Unmanaged<PcapngStream>.fromOpaque(cookie).release() }
            return 0
        }
        return unsafe fopencookie(cookie, "rb", functions)
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if offset == chunk.count {
            chunk = passesThrough ? take(1 << 16) : nextBlock()
            offset = 0
            // Else a disk that fails, or a directory, would look like the end.
            if chunk.isEmpty, unsafe ferror(file) != 0 { return -1 }
        }
        let count = min(buffer.count, chunk.count - offset)
        unsafe buffer.copyBytes(from: chunk[offset..<offset + count])
        offset += count
        return count
    }

    private func nextBlock() -> [UInt8] {
        var block = take(12)
        guard block.count == 12 else { return block }
        let isSection = number(block, at: 0) == BlockType.sectionHeader
        // The byte order is said by the section header's first field, which reads 1A2B3C4D.
        if isSection { isBigEndian = block[8] == 0x1A }
        let length = Int(number(block, at: 4))
        guard isSection || !isFirst, (12...Self.longestBlock).contains(length) else {
            passesThrough = true
            return block
        }
        isFirst = false
        block += take(length - 12)
        if number(block, at: 0) == BlockType.interface, block.count >= 20 {
            let first = linkType ?? Array(block[8..<10])
            linkType = first
            block.replaceSubrange(8..<10, with: first)
            let snapshot = (0..<4).map { UInt8(truncatingIfNeeded: Self.snapshotLength >> UInt32(8 * $0)) }
            block.replaceSubrange(12..<16, with: isBigEndian ? snapshot.reversed() : snapshot)
        }
        return block
    }

    private func take(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = unsafe fread(buffer.baseAddress, 1, count, file)
        }
    }

    private func number(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        let field = bytes[offset..<offset + 4]
        return (isBigEndian ? Array(field) : field.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
    }
}
