import CTestSupport
import Glibc
import Testing

/// A network namespace of its own, gone when the last descriptor of it is closed.
///
/// `run` moves the calling thread into it and back. Its body is synchronous, so the test stays on that thread; what is
/// spawned there starts in the namespace too.
final class Namespace {
    private let own: CInt

    init() throws {
        let here = try Self.current()
        defer { close(here) }
        try #require(test_new_namespace() == 0, "cannot make a network namespace")
        own = try Self.current()
        try #require(test_enter_namespace(here) == 0)
    }

    deinit { close(own) }

    func run<Result>(_ body: () throws -> Result) throws -> Result {
        let here = try Self.current()
        defer { close(here) }
        try #require(test_enter_namespace(own) == 0)
        defer { precondition(test_enter_namespace(here) == 0, "cannot go back to the first namespace") }
        return try body()
    }

    private static func current() throws -> CInt {
        let descriptor = test_current_namespace()
        try #require(descriptor >= 0)
        return descriptor
    }
}
