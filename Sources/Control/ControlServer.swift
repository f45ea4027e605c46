import FlyingSocks
import Foundation
import Glibc

/// Serves a `ControlService` on a Unix socket.
///
/// Who may connect is for the socket's mode and group to say, and what they may do for `ControlAccess`.
package struct ControlServer: Sendable {
    /// Connections at a time; further ones wait until one ends.
    private static let maximumConnections = 32
    /// Of one user, so that nobody can keep all others out; root and the agent's own user are not counted.
    private static let maximumConnectionsEach = 8
    /// For one request, from connecting to the end of the answer.
    private static let timeLimit: Duration = .seconds(10)

    private let path: String
    private let access: ControlAccess
    private let listener: Socket
    private let connections = ConnectionCount(limit: maximumConnectionsEach)

    /// Takes the socket: from here on clients can connect, and are answered when `run` does.
    ///
    /// A socket that a dead agent left behind is replaced.
    ///
    /// - Throws: `ControlError` if another agent answers there, or the socket cannot be made.
    package init(path: String, access: ControlAccess = ControlAccess()) throws(ControlError) {
        self.path = path
        self.access = access
        listener = try Self.listen(at: path, access)
    }

    /// Gives the socket back, and removes it; `run` does so by itself.
    package func close() {
        try? listener.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Answers requests until the task is cancelled, then closes.
    package func run(_ service: any ControlService) async throws {
        defer { close() }
        let router = ControlRouter(service: service)
        let pool = SocketPool<ePoll>.ePoll()
        try await pool.prepare()
        let socket = try AsyncSocket(socket: listener, pool: pool)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await pool.run() }
                group.addTask { try await accept(on: socket, router) }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch  where Task.isCancelled {
            // Asked to stop: no error.
        }
    }

    private func accept(on socket: AsyncSocket, _ router: ControlRouter) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var count = 0
            while true {
                let client: AsyncSocket
                do {
                    client = try await socket.accept()
                } catch SocketError.failed {
                    // Out of descriptors, or the peer has gone: neither is a reason to stop.
                    try await Task.sleep(for: .milliseconds(50))
                    continue
                }
                if count == Self.maximumConnections { try await group.next() } else { count += 1 }
                group.addTask { await serve(HTTPConnection(socket: client), router) }
            }
        }
    }

    private func serve(_ connection: HTTPConnection, _ router: ControlRouter) async {
        defer { connection.close() }
        do {
            guard let caller = connection.caller else {
                throw ControlError(.forbidden, "the kernel does not say who asks")
            }
            // Who may do nothing is not listened to.
            try access.check(caller, isReading: true)
            try await connections.counting(caller) {
                let lines = try await withTimeLimit(Self.timeLimit) {
                    let request = try await connection.readRequest(maximumBody: HTTPLimits.requestBody)
                    try access.check(caller, isReading: request.method == "GET")
                    return try await Caller.$current.withValue(caller) {
                        let response = await router.respond(to: request)
                        try await connection.write(response.encoded)
                        return response.lines
                    }
                }
                if let lines { try await connection.write(lines, each: Self.timeLimit) }
            }
        } catch let error as ControlError {
            await connection.turnAway(with: HTTPResponse.failure(error).encoded)
        } catch {
            // The client has gone, or the server stops: nobody is left to be told.
        }
    }
}

/// How many connections each user has.
private actor ConnectionCount {
    private let limit: Int
    private var counts: [UInt32: Int] = [:]

    init(limit: Int) { self.limit = limit }

    /// Runs `body` with the caller counted, or throws if they have too many connections.
    nonisolated func counting(
        _ caller: Caller, _ body: @Sendable () async throws -> Void
    ) async throws {
        if caller.isOwner { return try await body() }
        guard await add(caller.user) else {
            throw ControlError(
                .unavailable, "\(caller.name) has \(limit) connections already", hint: "try again later")
        }
        do {
            try await body()
        } catch {
            await remove(caller.user)
            throw error
        }
        await remove(caller.user)
    }

    private func add(_ user: UInt32) -> Bool {
        guard counts[user, default: 0] < limit else { return false }
        counts[user, default: 0] += 1
        return true
    }

    private func remove(_ user: UInt32) {
        let rest = (counts[user] ?? 1) - 1
        counts[user] = rest > 0 ? rest : nil
    }
}

extension ControlServer {
    /// Longest path that fits the kernel's structure, with some room.
    private static let maximumPath = 100

    private static func listen(at path: String, _ access: ControlAccess) throws(ControlError) -> Socket {
        guard path.utf8.count <= maximumPath else {
            throw ControlError(
                .failed, "the socket's path is longer than \(maximumPath) bytes: \(path)",
                hint: "set `socket`")
        }
        do {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            try clear(path)
            let socket = try Socket(domain: AF_UNIX, type: .stream)
            do {
                // The mode must be right from the first moment, so it cannot be set afterwards.
                let mask = umask(0o777 & ~access.mode)
                defer { _ = umask(mask) }
                try socket.bind(to: .unix(path: path))
            } catch {
                try socket.close()
                throw error
            }
            try socket.listen()
            return socket
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError(
                .failed, "cannot listen on \(path): \(error.localizedDescription)",
                hint: "run the agent as root, or set `socket`")
        }
    }

    /// Removes a socket at which nobody answers.
    private static func clear(_ path: String) throws {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return }
        guard attributes[.type] as? FileAttributeType == .typeSocket else {
            throw ControlError(
                .failed, "\(path) exists and is not a socket", hint: "remove it, or set `socket`")
        }
        let probe = try Socket(domain: AF_UNIX, type: .stream)
        defer { try? probe.close() }
        try probe.setFlags(.nonBlocking)
        do {
            try probe.connect(to: .unix(path: path))
        } catch SocketError.failed(_, ECONNREFUSED, _) {
            try FileManager.default.removeItem(atPath: path)
            return
        } catch SocketError.blocked {
            // Its queue is full: it lives.
        }
        throw ControlError(
            .refused, "another agent answers at \(path)",
            hint: "stop it first, or set `socket` to another path")
    }
}
