import API
import Control
import Foundation
import Testing

/// What a run of the built `sluice` gave.
struct Outcome {
    var status: Int32
    var output: String
    var error: String
}

/// Runs the executable that stands beside the tests.
func sluice(_ arguments: [String]) async throws -> Outcome {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try ["out", "err"].map { name in
        let file = folder.appending(path: name)
        try Data().write(to: file)
        return file
    }
    let process = Process()
    let tests = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0])
    process.executableURL = tests.deletingLastPathComponent().appending(path: "sluice")
    process.arguments = arguments
    process.environment = ["COLUMNS": "100"]
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    // Waiting must not block a thread that the server needs.
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        process.terminationHandler = { _ in continuation.resume() }
        do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    return Outcome(
        status: process.terminationStatus, output: try String(contentsOf: files[0], encoding: .utf8),
        error: try String(contentsOf: files[1], encoding: .utf8))
}

/// A fake agent on a socket of its own; `body` gets a function that runs `sluice` against it.
func withAgent(
    _ body: (_ run: ([String]) async throws -> Outcome) async throws -> Void
) async throws {
    try await withSocket { socket in
        try await body { try await sluice($0 + ["--socket", socket]) }
    }
}

/// A fake agent on a socket of its own.
func withSocket(_ body: (_ socket: String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "sluice-\(UUID().uuidString.prefix(8))"
    ).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let socket = "\(folder)/s.sock"
    let server = try ControlServer(path: socket)
    let agent = try FakeAgent()
    let task = Task { await server.run(agent) }
    defer { task.cancel() }
    try await body(socket)
}
