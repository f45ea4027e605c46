import CCompression

/// Unpacks what gzip, zstd or xz has packed, part by part, several files one behind the other included.
///
/// However much it becomes, memory is bounded: zstd refuses files that look back further than 128 MiB, as it does by default,
/// and xz those that want more than 256 MiB.
@safe final class Unpacker {
    enum Format: CaseIterable {
        case gzip, zstd, xz

        /// What such a file begins with.
        var magic: [UInt8] {
            switch self {
            case .gzip: [0x1F, 0x8B]
            case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
            case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
            }
        }
    }

    /// Why something cannot be unpacked.
    struct Failure: Error {
        let reason: String
    }

    @safe private enum State {
        case gzip(UnsafeMutablePointer<z_stream>)
        case zstd(OpaquePointer)
        case xz(UnsafeMutablePointer<lzma_stream>)
    }

    private static let mostMemory: UInt64 = 1 << 28
    private static let inputSize = 1 << 16

    private let format: Format
    private let state: State
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: inputSize, alignment: 1)
    private var unread = 0..<0
    private var isInputOver = false
    /// Whether what was read so far is a whole file, so that nothing is missing if the input ends here.
    private var isWhole = false

    /// For what is packed in this format.
    init(_ format: Format) throws(Failure) {
        self.format = format
        switch format {
        case .gzip:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            unsafe stream.initialize(to: z_stream())
            state = unsafe .gzip(stream)
            // 15: the longest window; 16: with the header of gzip.
            let size = unsafe CInt(MemoryLayout<z_stream>.size)
            guard unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else {
                throw Failure(reason: "no memory to unpack it")
            }
        case .zstd:
            guard let stream = unsafe ZSTD_createDStream() else {
                throw Failure(reason: "no memory to unpack it")
            }
            state = unsafe .zstd(stream)
        case .xz:
            let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
            unsafe stream.initialize(to: lzma_stream())
            state = unsafe .xz(stream)
            guard
                unsafe lzma_stream_decoder(stream, Self.mostMemory, sluice_lzma_concatenated) == LZMA_OK
            else { throw Failure(reason: "no memory to unpack it") }
        }
    }

    deinit {
        unsafe input.deallocate()
        switch state {
        case .gzip(let stream):
            unsafe inflateEnd(stream)
            unsafe stream.deallocate()
        case .zstd(let stream): unsafe ZSTD_freeDStream(stream)
        case .xz(let stream):
            unsafe lzma_end(stream)
            unsafe stream.deallocate()
        }
    }

    /// Fills `output` as far as there is something, and returns how far; 0 at the end.
    ///
    /// `read` fills a buffer with what is packed, and returns how much it was; 0 at the end.
    func unpack(
        into output: UnsafeMutableRawBufferPointer, reading read: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(Failure) -> Int {
        while true {
            if unread.isEmpty, !isInputOver {
                unread = unsafe 0..<read(input)
                isInputOver = unread.isEmpty
            }
            if unread.isEmpty, isWhole { return 0 }
            let before = unread.count
            let count = try unsafe step(into: output)
            if count > 0 { return count }
            if isInputOver, unread.count == before, !isWhole {
                throw Failure(reason: "cut off: the packed file ends too early")
            }
        }
    }

    /// Unpacks some of what was read; returns how many bytes it became.
    private func step(into output: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        switch state {
        case .gzip(let stream): try unsafe inflate(stream, into: output)
        case .zstd(let stream): try unsafe decompress(stream, into: output)
        case .xz(let stream): try unsafe decode(stream, into: output)
        }
    }

    private func inflate(
        _ stream: UnsafeMutablePointer<z_stream>, into output: UnsafeMutableRawBufferPointer
    ) throws(Failure) -> Int {
        // Another file behind the first; zeros behind it, as tapes have them, are nothing.
        if isWhole {
            while let first = unread.first, unsafe input[first] == 0 { unread.removeFirst() }
            if unread.isEmpty { return 0 }
            unsafe inflateReset(stream)
        }
        let bytes = unsafe input.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.next_in = bytes.baseAddress.map { unsafe $0 + unread.lowerBound }
        unsafe stream.pointee.avail_in = UInt32(unread.count)
        unsafe stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        unsafe stream.pointee.avail_out = UInt32(output.count)
        let status = unsafe CCompression.inflate(stream, Z_NO_FLUSH)
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw corrupt(unsafe stream.pointee.msg.map { unsafe String(cString: $0) })
        }
        isWhole = status == Z_STREAM_END
        unread = unsafe unread.upperBound - Int(stream.pointee.avail_in)..<unread.upperBound
        return unsafe output.count - Int(stream.pointee.avail_out)
    }

    private func decompress(
        _ stream: OpaquePointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Failure) -> Int {
        var source = unsafe ZSTD_inBuffer(
            src: UnsafeRawPointer(input.baseAddress), size: unread.upperBound, pos: unread.lowerBound)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = unsafe ZSTD_decompressStream(stream, &target, &source)
        guard ZSTD_isError(status) == 0 else {
            throw corrupt(unsafe ZSTD_getErrorName(status).map { unsafe String(cString: $0) })
        }
        isWhole = status == 0
        unread = unsafe source.pos..<unread.upperBound
        return unsafe target.pos
    }

    private func decode(
        _ stream: UnsafeMutablePointer<lzma_stream>, into output: UnsafeMutableRawBufferPointer
    ) throws(Failure) -> Int {
        let bytes = unsafe input.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.next_in = UnsafePointer(bytes.baseAddress.map { unsafe $0 + unread.lowerBound })
        unsafe stream.pointee.avail_in = unread.count
        unsafe stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        unsafe stream.pointee.avail_out = output.count
        let status = unsafe lzma_code(stream, isInputOver ? LZMA_FINISH : LZMA_RUN)
        switch status {
        case LZMA_OK, LZMA_BUF_ERROR: break
        case LZMA_STREAM_END: isWhole = true
        case LZMA_MEMLIMIT_ERROR: throw corrupt("it wants more than 256 MiB of memory to be unpacked")
        default: throw corrupt(nil)
        }
        unread = unsafe unread.upperBound - stream.pointee.avail_in..<unread.upperBound
        return unsafe output.count - stream.pointee.avail_out
    }

    private func corrupt(_ detail: String?) -> Failure {
        Failure(reason: "cannot be unpacked (\(format)): \(detail ?? "the data is corrupt")")
    }
}
