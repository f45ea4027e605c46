import CLibpcap
import Glibc

/// The bytes of a capture file, unpacked if they are packed.
@safe final class CaptureBytes {
    private let file: UnsafeMutablePointer<FILE>
    private var unpacker: Unpacker?
    /// What was looked at and not read yet.
    private var ahead: ArraySlice<UInt8> = []
    /// Of a packed file, what was looked at to see that it is one.
    private var packedAhead: ArraySlice<UInt8> = []
    /// Why reading ended before its time.
    private(set) var failure: String?

    /// Opens the file `path`; `-` is standard input.
    init(path: String) throws(CaptureError) {
        guard let file = unsafe path == "-" ? fdopen(dup(STDIN_FILENO), "rb") : fopen(path, "rb") else {
            throw CaptureError(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        unsafe self.file = file
        let first = take(6)
        ahead = first[...]
        do {
            unpacker = try Unpacker.Format.allCases.first { first.starts(with: $0.magic) }.map {
                format throws(Unpacker.Failure) in try Unpacker(format)
            }
        } catch {
            throw CaptureError(path: path, reason: error.reason)
        }
        if unpacker != nil { swap(&ahead, &packedAhead) }
        if let failure { throw CaptureError(path: path, reason: failure) }
    }

    deinit { unsafe fclose(file) }

    /// The next bytes, which stay to be read; fewer at the end.
    func peek(_ count: Int) -> [UInt8] {
        if ahead.count < count { ahead = take(count)[...] }
        return Array(ahead.prefix(count))
    }

    /// The next bytes; fewer at the end, or where reading failed.
    func take(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = unsafe fill(UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Fills `buffer`, and returns how much of it: all but at the end, or where reading failed.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        var count = 0
        while count < buffer.count {
            let more = unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            if more == 0 { break }
            count += more
        }
        return count
    }

    /// At least one byte, but at the end, or where reading failed.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if let count = unsafe Self.move(from: &ahead, into: buffer) { return count }
        guard failure == nil else { return 0 }
        guard let unpacker else { return unsafe readFile(into: buffer) }
        do {
            return try unsafe unpacker.unpack(into: buffer) { input in
                unsafe Self.move(from: &packedAhead, into: input) ?? readFile(into: input)
            }
        } catch {
            failure = failure ?? error.reason
            return 0
        }
    }

    private func readFile(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = unsafe fread(buffer.baseAddress, 1, buffer.count, file)
        // Else a disk that fails, or a directory, would look like the end.
        if count == 0, unsafe ferror(file) != 0 { failure = unsafe String(cString: strerror(errno)) }
        return count
    }

    private static func move(
        from bytes: inout ArraySlice<UInt8>, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        if bytes.isEmpty { return nil }
        let part = bytes.prefix(buffer.count)
        unsafe buffer.copyBytes(from: part)
        bytes = bytes.dropFirst(part.count)
        return part.count
    }

    /// A stream over these bytes for libpcap, which closes it; `nil` sets `errno`.
    func stream() -> UnsafeMutablePointer<FILE>? {
        let cookie = unsafe Unmanaged.passRetained(self).toOpaque()
        var functions = cookie_functions()
        unsafe functions.read = { cookie, buffer, count in
            guard let cookie = unsafe cookie, let buffer = unsafe buffer else { return -1 }
            let bytes = unsafe Unmanaged<CaptureBytes>.fromOpaque(cookie).takeUnretainedValue()
            let read = unsafe bytes.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count))
            return read == 0 && bytes.failure != nil ? -1 : read
        }
        unsafe functions.close = { cookie in
            if let cookie = unsafe cookie { unsafe Unmanaged<CaptureBytes>.fromOpaque(cookie).release() }
            return 0
        }
        return unsafe fopencookie(cookie, "rb", functions)
    }
}
