import CTestSupport
import Foundation
import Glibc
import Testing

/// What a program left behind.
struct Outcome {
    /// Exit code, or the signal that ended it.
    var status: Int32
    var output: String
    var error: String
}

/// A program that runs beside the test, with its output in files.
///
/// Spawned and reaped here: Foundation's `Process` learns of an end by a descriptor that the child inherits, and waits for ever
/// when a grandchild keeps it, or a daemon has closed it. Here a child has three descriptors, and its end is asked for by pid.
final class Program {
    let pid: pid_t
    private let words: [String]
    private let output: URL
    private let error: URL
    /// Once it has ended.
    private var status: Int32?

    /// Starts `words`, the first of which is found on the path, in a network namespace with a name.
    init(_ words: [String], in namespace: String? = nil, files folder: URL) throws {
        let id = UUID().uuidString
        (output, error) = (folder.appending(path: "\(id).out"), folder.appending(path: "\(id).err"))
        for file in [output, error] { try Data().write(to: file) }
        // nsenter becomes the program, and so its process is the one we signal.
        self.words = namespace.map { ["nsenter", "--net=/run/netns/\($0)", "--"] + words } ?? words
        let strings = unsafe self.words.map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        pid = unsafe test_spawn(strings, output.path, error.path)
        guard pid > 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EINVAL) }
    }

    var isRunning: Bool {
        guard status == nil else { return false }
        var found: Int32 = 0
        guard unsafe waitpid(pid, &found, WNOHANG) == pid else { return true }
        status = found & 0x7F == 0 ? found >> 8 & 0xFF : found & 0x7F
        return false
    }

    /// What it printed on both streams so far.
    var text: String {
        [output, error].map { (try? String(contentsOf: $0, encoding: .utf8)) ?? "" }.joined()
    }

    func signal(_ number: CInt) {
        if isRunning { kill(pid, number) }
    }

    /// Waits for its end; one that does not come is an issue, and is then brought about.
    func ended(within limit: Duration = .seconds(30)) async throws -> Outcome {
        if await !eventually(within: limit, { !isRunning }) {
            Issue.record("still runs after \(limit): \(words): \(text)")
            remove()
        }
        return Outcome(
            status: status ?? SIGKILL, output: try String(contentsOf: output, encoding: .utf8),
            error: try String(contentsOf: error, encoding: .utf8))
    }

    /// Kills it if it runs, stopped or not, and what it left behind, and returns when it is gone.
    func remove() {
        let isThere = isRunning
        kill(-pid, SIGKILL)
        guard isThere else { return }
        kill(pid, SIGKILL)
        while isRunning { usleep(1_000) }
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
