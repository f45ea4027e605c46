import Traffic

/// Frames of a pcapng file, each with the interface that it is from.
///
/// libpcap gives one snapshot length, one link type and one byte order to a whole file, and refuses files that have several;
/// who captures on two interfaces at once, or joins captures, writes such files.
///
/// Format: IETF draft-ietf-opsawg-pcapng, section 4, and appendix A for the older packet block.
@safe final class PcapngReader: FrameReader {
    private enum Block {
        static let section: UInt32 = 0x0A0D_0D0A
        static let interface: UInt32 = 1
        static let packet: UInt32 = 2
        static let simplePacket: UInt32 = 3
        static let enhancedPacket: UInt32 = 6
    }

    /// How an interface tells its frames.
    private struct Clock {
        /// Of a frame, at most; 0 is no bound.
        var snapshot: UInt32
        var ticksPerSecond: UInt64 = 1_000_000
        /// Seconds to be added.
        var offset: Int64 = 0
    }

    /// A block longer than this is corrupt.
    private static let longest = 1 << 26
    /// What a section begins with.
    static let magic: [UInt8] = [0x0A, 0x0D, 0x0D, 0x0A]

    private let path: String
    private let bytes: CaptureBytes
    private(set) var interfaces: [CapturedInterface] = []
    private var clocks: [Clock] = []
    /// Of this section, the first in `interfaces`.
    private var firstInterface = 0
    private var isBigEndian = false
    /// The block that was read last, without its type and lengths.
    private var block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 12, alignment: 8)
    private var size = 0
    /// Simple packets have no time: they are taken for as old as the frame before them.
    private var lastTime = Timestamp(nanoseconds: 0)

    init(_ bytes: CaptureBytes, path: String) {
        self.bytes = bytes
        self.path = path
    }

    deinit { unsafe block.deallocate() }

    func next() throws(CaptureError) -> RawFrame? {
        while let type = try readBlock() {
            switch type {
            case Block.section: try beginSection()
            case Block.interface: try addInterface()
            case Block.enhancedPacket: return try packet(number(at: 0), timeAt: 4)
            case Block.packet: return try packet(UInt32(short(at: 0)), timeAt: 4)
            case Block.simplePacket: return try simplePacket()
            default: break
            }
        }
        return nil
    }

    /// Reads a block, and returns its type; `nil` at the end.
    private func readBlock() throws(CaptureError) -> UInt32? {
        var header = bytes.take(8)
        if let failure = bytes.failure { throw corrupt(failure) }
        if header.isEmpty { return nil }
        guard header.count == 8 else { throw corrupt("cut off within a block") }
        var read = 8
        if header.starts(with: Self.magic) {
            // The byte order is said by the section header's first field, which reads 1A2B3C4D; its length is in it already.
            header += bytes.take(4)
            read = 12
            guard header.count == 12 else { throw corrupt("cut off within a block") }
            isBigEndian = header[8] == 0x1A
            let magic: [UInt8] = [0x1A, 0x2B, 0x3C, 0x4D]
            guard Array(header[8..<12]) == (isBigEndian ? magic : magic.reversed()) else {
                throw corrupt("a section begins with no byte order")
            }
        }
        let type = number(of: header[0..<4])
        let length = Int(number(of: header[4..<8]))
        guard (12...Self.longest).contains(length), length % 4 == 0, length >= read + 4 else {
            throw corrupt("a block is said to have \(length) bytes")
        }
        size = length - 12
        if unsafe size + 4 > block.count {
            unsafe block.deallocate()
            unsafe block = .allocate(byteCount: size + 4, alignment: 8)
        }
        unsafe block.copyBytes(from: header[8...])
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: block[(read - 8)..<(size + 4)])
        guard unsafe bytes.fill(rest) == rest.count else {
            throw corrupt(bytes.failure ?? "cut off within a block")
        }
        guard number(at: size) == UInt32(length) else {
            throw corrupt("the lengths before and behind a block differ")
        }
        return type
    }

    private func beginSection() throws(CaptureError) {
        guard size >= 16 else { throw corrupt("a section header is too short") }
        guard short(at: 4) == 1 else { throw corrupt("pcapng of version \(short(at: 4)) is not known") }
        firstInterface = interfaces.count
    }

    private func addInterface() throws(CaptureError) {
        guard size >= 8 else { throw corrupt("an interface description is too short") }
        var interface = CapturedInterface(linkType: UInt32(short(at: 0)))
        var clock = Clock(snapshot: number(at: 4))
        var at = 8
        while at + 4 <= size {
            let (code, length) = (short(at: at), Int(short(at: at + 2)))
            at += 4
            guard code != 0, at + length <= size else { break }
            switch (code, length) {
            case (2, 1...): interface.name = text(at..<at + length)
            case (9, 1): clock.ticksPerSecond = try ticks(unsafe block[at])
            case (14, 8):
                let (first, second) = (UInt64(number(at: at)), UInt64(number(at: at + 4)))
                clock.offset = Int64(bitPattern: isBigEndian ? first << 32 | second : second << 32 | first)
            default: break
            }
            at += (length + 3) / 4 * 4
        }
        interfaces.append(interface)
        clocks.append(clock)
    }

    /// As a power of ten or, with the highest bit, of two.
    private func ticks(_ resolution: UInt8) throws(CaptureError) -> UInt64 {
        let exponent = Int(resolution & 0x7F)
        if resolution & 0x80 != 0, exponent < 64 { return 1 << UInt64(exponent) }
        if resolution & 0x80 == 0, exponent < 20 {
            return (0..<exponent).reduce(1) { power, _ in power * 10 }
        }
        throw corrupt("an interface counts time in parts that are too small")
    }

    /// An enhanced packet, or one of the older kind, which differ in the interface's field only.
    private func packet(_ number: UInt32, timeAt at: Int) throws(CaptureError) -> RawFrame {
        guard size >= 20 else { throw corrupt("a packet block is too short") }
        let (interface, clock) = try clock(of: number)
        let captured = Int(self.number(at: at + 8))
        guard captured <= size - 20 else { throw corrupt("a packet is longer than its block") }
        let ticks = UInt64(self.number(at: at)) << 32 | UInt64(self.number(at: at + 4))
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: clock.ticksPerSecond)
        let nanoseconds = clock.ticksPerSecond.dividingFullWidth(rest.multipliedFullWidth(by: 1_000_000_000))
        let (sum, overflow) = Int64(clamping: seconds).addingReportingOverflow(clock.offset)
        let frame = unsafe RawFrame(
            seconds: overflow ? .max : sum, nanoseconds: Int64(nanoseconds.quotient),
            bytes: UnsafeRawBufferPointer(rebasing: block[20..<20 + captured]),
            claimed: self.number(at: at + 12), interface: interface)
        lastTime = frame.time
        return frame
    }

    private func simplePacket() throws(CaptureError) -> RawFrame {
        guard size >= 4 else { throw corrupt("a packet block is too short") }
        let (interface, clock) = try clock(of: 0)
        let length = number(at: 0)
        let captured = min(Int(length), size - 4, clock.snapshot == 0 ? .max : Int(clock.snapshot))
        var frame = unsafe RawFrame(
            seconds: 0, nanoseconds: 0, bytes: UnsafeRawBufferPointer(rebasing: block[4..<4 + captured]),
            claimed: length, interface: interface)
        frame.time = lastTime
        return frame
    }

    private func clock(of number: UInt32) throws(CaptureError) -> (interface: Int, Clock) {
        let interface = firstInterface + Int(number)
        guard interface < interfaces.count else {
            throw corrupt("a packet is of interface \(number), which is not described")
        }
        return (interface, clocks[interface])
    }

    private func corrupt(_ what: String) -> CaptureError { CaptureError(path: path, reason: what) }

    private func text(_ range: Range<Int>) -> String {
        unsafe String(decoding: block[range].prefix { $0 != 0 }, as: UTF8.self)
    }

    private func short(at offset: Int) -> UInt16 {
        let value = unsafe block.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return isBigEndian ? UInt16(bigEndian: value) : UInt16(littleEndian: value)
    }

    private func number(at offset: Int) -> UInt32 {
        let value = unsafe block.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return isBigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value)
    }

    private func number(of field: ArraySlice<UInt8>) -> UInt32 {
        let inOrder = isBigEndian ? Array(field) : field.reversed()
        return inOrder.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
