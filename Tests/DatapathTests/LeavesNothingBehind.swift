import Glibc
import Testing

/// Fails a suite after which this process holds BPF objects or network namespaces that it did not hold before.
struct LeavesNothingBehind: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let before = Self.held()
        try await function()
        #expect(Self.held() == before, "descriptors of BPF objects or namespaces were left open")
    }

    /// Descriptors of this process by kind.
    private static func held() -> [String: Int] {
        var counts: [String: Int] = [:]
        for descriptor in 0..<CInt(4096) {
            var buffer = [CChar](repeating: 0, count: 256)
            let count = unsafe readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
            guard count > 0 else { continue }
            let target = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard target.contains("bpf") || target.hasPrefix("net:") else { continue }
            counts[target.hasPrefix("net:") ? "net" : target, default: 0] += 1
        }
        return counts
    }
}

extension Trait where Self == LeavesNothingBehind {
    static var leavesNothingBehind: Self { Self() }
}
