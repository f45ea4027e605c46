import API
import Dispatch
import Foundation
import Glibc
import NIOCore

/// The agent's Unix socket: made, listened at, and given back.
struct Listener: Sendable {
    /// Longest path that fits the kernel's structure, with some room.
    private static let maximumPath = 100

    let path: String
    private let descriptor: CInt

    /// Takes the path: from here on clients can connect.
    ///
    /// A socket that a dead agent left behind is replaced.
    init(path: String, mode: mode_t) throws(ControlError) {
        guard path.utf8.count <= Self.maximumPath else {
            throw ControlError(
                .failed, "the socket's path is longer than \(Self.maximumPath) bytes: \(path)",
                hint: "set `socket`")
        }
        self.path = path
        do {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            let address = try SocketAddress(unixDomainSocketPath: path)
            try Self.clear(path, address)
            descriptor = try Self.listen(at: address, mode: mode)
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError(
                .failed, "cannot listen on \(path): \(error.localizedDescription)",
                hint: "run the agent as root, or set `socket`")
        }
    }

    private static func listen(at address: SocketAddress, mode: mode_t) throws -> CInt {
        let descriptor = try makeSocket()
        // The mode must be right from the first moment, so it cannot be set afterwards.
        let mask = umask(0o777 & ~mode)
        defer { _ = umask(mask) }
        let isBound = unsafe address.withSockAddr { name, size in
            unsafe bind(descriptor, name, socklen_t(size)) == 0
        }
        guard isBound, Glibc.listen(descriptor, SOMAXCONN) == 0 else {
            let error = POSIXError(.init(rawValue: errno) ?? .EIO)
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func makeSocket() throws -> CInt {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        return descriptor
    }

    /// Removes a socket at which nobody answers.
    private static func clear(_ path: String, _ address: SocketAddress) throws {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return }
        guard attributes[.type] as? FileAttributeType == .typeSocket else {
            throw ControlError(
                .failed, "\(path) exists and is not a socket", hint: "remove it, or set `socket`")
        }
        let probe = try makeSocket()
        defer { Glibc.close(probe) }
        let isRefused = unsafe address.withSockAddr { name, size in
            unsafe connect(probe, name, socklen_t(size)) != 0 && errno == ECONNREFUSED
        }
        // Where the queue of one who lives is full, the error is another.
        guard isRefused else {
            throw ControlError(
                .refused, "another agent answers at \(path)",
                hint: "stop it first, or set `socket` to another path")
        }
        try FileManager.default.removeItem(atPath: path)
    }

    /// Gives `take` each connection, and whose it is, until the task is cancelled.
    func accept(_ take: @escaping @Sendable (CInt, Caller) -> Void) async {
        // Dispatch sources may be used from any thread, which their type does not say.
        nonisolated(unsafe) let source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor, queue: DispatchQueue(label: "control"))
        unsafe source.setEventHandler { [descriptor] in
            while true {
                let client = Glibc.accept(descriptor, nil, nil)
                guard client >= 0 else {
                    // Out of descriptors, which is no reason to stop.
                    if errno != EAGAIN, errno != ECONNABORTED, errno != EINTR { usleep(50_000) }
                    return
                }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                if let caller = Caller(peerOf: client) { take(client, caller) } else { Glibc.close(client) }
            }
        }
        await withTaskCancellationHandler {
            // The descriptor may be closed only when the source has let go of it.
            await withCheckedContinuation { continuation in
                unsafe source.setCancelHandler { continuation.resume() }
                unsafe source.resume()
            }
        } onCancel: {
            unsafe source.cancel()
        }
    }

    /// Gives the socket back, and removes it.
    func close() {
        Glibc.close(descriptor)
        try? FileManager.default.removeItem(atPath: path)
    }
}
