import Subprocess
import SystemPackage

/// A program with its arguments, to be run in one of the lab's namespaces.
package struct Command: Hashable, Sendable {
    package var program: String
    package var arguments: [String]
    /// `nil`: the namespace that the lab was started in.
    package var namespace: String?
    /// Where it runs, for programs that write files there.
    package var folder = "/"

    package init(_ program: String, _ arguments: [String], in namespace: String? = nil) {
        self.program = program
        self.arguments = arguments
        self.namespace = namespace
    }

    /// As a person would type it, without the namespace.
    package var text: String {
        ([program] + arguments).map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
    }

    /// Runs to the end and returns what it printed on either stream.
    ///
    /// - Throws: `LabError` with what it printed if it fails.
    @discardableResult
    func output(input: String = "") async throws -> String {
        let result = try await Subprocess.run(
            configuration, input: .string(input), output: .string(limit: 1 << 20), error: .combinedWithOutput)
        guard result.terminationStatus.isSuccess else {
            throw LabError("'\(text)' failed: \(result.standardOutput)")
        }
        return result.standardOutput
    }

    /// Runs until it ends by itself, or until the task is cancelled, which ends it with all that it started.
    ///
    /// - Parameter onLine: called with each line that it prints on either stream.
    /// - Returns: whether it ended with exit code 0.
    /// - Throws: `SubprocessError` if it cannot be started.
    @discardableResult
    func run(onLine: (String) async -> Void = { _ in }) async throws -> Bool {
        let result = try await Subprocess.run(
            configuration, input: .none, output: .sequence, error: .combinedWithOutput
        ) { execution in
            for try await line in execution.standardOutput.strings() { await onLine(line) }
        }
        return result.terminationStatus.isSuccess
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        // Its own process group: Ctrl-C reaches the lab alone, which then stops everything in order.
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
        ]
        // nsenter, not `ip netns exec`: that would also give a mount namespace, and with it another bpffs.
        // nsenter becomes the program, so that the process we stop is the program itself.
        let entered = namespace.map { ["--net=/run/netns/\($0)", "--", program] + arguments }
        return Configuration(
            executable: .name(entered == nil ? program : "nsenter"),
            arguments: Arguments(entered ?? arguments),
            environment: .inherit.updating(["PATH": Toolbox.path, "LC_ALL": "C"]),
            workingDirectory: FilePath(folder),
            platformOptions: options)
    }
}
