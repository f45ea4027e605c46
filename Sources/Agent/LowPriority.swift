import Foundation
import Glibc

/// Work in the background that takes only what others leave of the processor.
enum LowPriority {
    /// Runs `body` on a thread of its own, of the lowest priority that there is without being starved (nice 19).
    ///
    /// Swift's own background priority does not reach the scheduler on Linux.
    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result
    {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                // On Linux, this is about the calling thread alone. If it is refused, the work is done all the same.
                _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 19)
                continuation.resume(with: Swift.Result { try body() })
            }
            // Training walks deep trees.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}
