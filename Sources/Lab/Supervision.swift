/// Runs tasks together until one has an outcome or fails; then all are cancelled, and have ended on return.
func firstOutcome<Outcome: Sendable>(
    _ addTasks: (inout ThrowingTaskGroup<Outcome?, any Error>) -> Void
) async throws -> Outcome {
    try await withThrowingTaskGroup(of: Outcome?.self) { group in
        addTasks(&group)
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let outcome = result { return outcome }
        }
        throw LabError("the lab stopped without an outcome")
    }
}

/// Runs what must not end before the lab does.
func keepRunning<Outcome>(_ command: Command, error: (String) -> any Error) async throws -> Outcome? {
    var words: [String] = []
    _ = try await command.run { words = words.suffix(9) + [$0] }
    try Task.checkCancellation()
    throw error("'\(command.text)' ended; its last words: \(words.joined(separator: "\n"))")
}
