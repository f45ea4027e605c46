import API
import Control
import Foundation
import Testing

/// A server on a socket of its own, for the length of `body`.
func withServer<Value>(
    _ service: any ControlService = StubService(), access: ControlAccess = ControlAccess(),
    _ body: (_ socket: String, _ client: ControlClient) async throws -> Value
) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "sluice-\(UUID().uuidString.prefix(8))"
    ).path
    let socket = "\(folder)/run/s.sock"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let server = try ControlServer(path: socket, access: access)
    let task = Task { await server.run(service) }
    defer { task.cancel() }
    return try await body(socket, ControlClient(socket: socket))
}

/// What `curl` says: the status, and the body.
///
/// `user` and `groups` are numbers; without them, it runs as the test does.
func curl(
    _ socket: String, _ arguments: [String], user: Int? = nil, groups: [Int] = []
) async throws -> (status: Int, body: String) {
    let output = FileManager.default.temporaryDirectory.appending(path: "curl-\(UUID().uuidString)")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    let process = Process()
    let command =
        ["curl", "-s", "--max-time", "20", "--unix-socket", socket, "-w", "\n%{http_code}"] + arguments
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
        (user.map { user in
            let others =
                groups.isEmpty
                ? "--clear-groups" : "--groups=" + groups.map(String.init).joined(separator: ",")
            return ["setpriv", "--reuid=\(user)", "--regid=\(user)", others]
        } ?? []) + command
    process.standardOutput = try FileHandle(forWritingTo: output)
    // Waiting must not block a thread that the server needs.
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        process.terminationHandler = { _ in continuation.resume() }
        do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    let lines = try String(contentsOf: output, encoding: .utf8).split(separator: "\n")
    return (try #require(lines.last.flatMap { Int($0) }), lines.dropLast().joined(separator: "\n"))
}

/// A folder for one socket that goes away with the test.
final class TemporarySocketFolder: Sendable {
    let socket: String
    private let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString.prefix(8))")
            .path
        socket = "\(path)/s.sock"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
