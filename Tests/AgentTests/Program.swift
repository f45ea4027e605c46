import Foundation
import Testing

/// What a program left behind.
struct Outcome {
    /// Exit code, or the signal that ended it.
    var status: Int32
    var output: String
    var error: String
}

/// A program that runs beside the test, with its output in files.
final class Program {
    private let process = Process()
    private let output: URL
    private let error: URL

    /// Starts `words`, the first of which is found on the path, in a network namespace with a name.
    init(_ words: [String], in namespace: String? = nil, files folder: URL) throws {
        let id = UUID().uuidString
        (output, error) = (folder.appending(path: "\(id).out"), folder.appending(path: "\(id).err"))
        for file in [output, error] { try Data().write(to: file) }
        // nsenter becomes the program, and so its process is the one we signal.
        let entered = namespace.map { ["nsenter", "--net=/run/netns/\($0)", "--"] + words } ?? words
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = entered
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    var isRunning: Bool { process.isRunning }
    var pid: Int32 { process.processIdentifier }

    /// What it printed on both streams so far.
    var text: String {
        [output, error].map { (try? String(contentsOf: $0, encoding: .utf8)) ?? "" }.joined()
    }

    func signal(_ number: CInt) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// Waits for its end; one that does not come is an issue, and is then brought about.
    func ended(within limit: Duration = .seconds(30)) async throws -> Outcome {
        if await !eventually(within: limit, { !process.isRunning }) {
            Issue.record("still runs after \(limit): \(process.arguments ?? []): \(text)")
            signal(SIGKILL)
            process.waitUntilExit()
        }
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            error: try String(contentsOf: error, encoding: .utf8))
    }

    /// Kills it if it runs, stopped or not, and returns when it is gone.
    func remove() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

/// Whether `condition` came true within `limit`, asked every few milliseconds.
func eventually(
    within limit: Duration = .seconds(15), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    return try await condition()
}

/// The built `sluice`, which stands beside the tests.
let sluicePath = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
    .appending(path: "sluice").path
