import Glibc
import Testing

@testable import Agent

/// Where training runs.
@Suite struct LowPriorityTests {
    private struct Trouble: Error {}

    /// Of the calling thread.
    private static var niceness: Int32 { getpriority(Int32(PRIO_PROCESS.rawValue), 0) }

    @Test("Work in the background has the lowest priority, and leaves the others theirs")
    func niceness() async throws {
        let before = Self.niceness
        #expect(try await LowPriority.run { Self.niceness } == 19)
        #expect(Self.niceness == before)
        await #expect(throws: Trouble.self) { try await LowPriority.run { throw Trouble() } as Int }
    }
}
