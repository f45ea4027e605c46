import Foundation

/// Writes lines to standard output, a block at a time: there may be hundreds of thousands.
final class LineWriter {
    private static let blockSize = 1 << 16
    private var buffer = Data()

    func write(_ line: String) throws {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.blockSize { try flush() }
    }

    func flush() throws {
        try FileHandle.standardOutput.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
