import Foundation
import Glibc

/// The end of a connection that says what it likes.
final class RawSocket: Sendable {
    private let descriptor: CInt

    private init() throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    /// Connects to a socket.
    convenience init(_ path: String) throws {
        try self.init()
        try unsafe call(connect, path)
    }

    /// Leaves a socket at which nobody listens.
    static func leaveDead(at path: String) throws {
        let socket = try RawSocket()
        try unsafe socket.call(bind, path)
        socket.close()
    }

    private func call(
        _ function: (CInt, UnsafePointer<sockaddr>, socklen_t) -> CInt, _ path: String
    ) throws {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) {
            unsafe $0.copyBytes(from: path.utf8.prefix($0.count - 1))
        }
        let result = unsafe withUnsafePointer(to: &name) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    func write(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard unsafe send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
    }

    /// What comes next; empty when the other end has closed.
    ///
    /// On a thread of its own, since the server needs those that there are.
    func read() async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [descriptor] in
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
                continuation.resume(returning: String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
            }
        }
    }

    func close() { Glibc.close(descriptor) }
}
