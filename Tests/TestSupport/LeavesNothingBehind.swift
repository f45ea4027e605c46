import Glibc
package import Testing

/// Fails a suite after which there is something that was not there before: descriptors of BPF objects, namespaces or sockets,
/// child processes, pins, interfaces.
///
/// Nobody else may use the machine's BPF file system meanwhile.
package struct LeavesNothingBehind: SuiteTrait, TestScoping {
    package func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let before = Self.held()
        try await function()
        // What goes meanwhile may be another's; only what is more than before was left.
        func left() -> [String: Int] { Self.held().filter { $0.value > before[$0.key, default: 0] } }
        var new = left()
        // What links and namespaces held goes with them, but not at once.
        for _ in 0..<20 where !new.isEmpty {
            usleep(50_000)
            new = left()
        }
        #expect(new.isEmpty, "something was left behind")
    }

    /// What there is of each kind, and how many.
    private static func held() -> [String: Int] {
        var counts: [String: Int] = [:]
        for descriptor in entries(of: "/proc/self/fd") {
            guard let target = target(of: "/proc/self/fd/\(descriptor)") else { continue }
            // `net:[4026531840]`, `socket:[123]`, `anon_inode:bpf-map`
            let kind = target.split(separator: "[").first.map(String.init) ?? target
            if kind.contains("bpf") || kind == "net:" || kind == "socket:" { counts[kind, default: 0] += 1 }
        }
        for task in entries(of: "/proc/self/task") {
            counts["children", default: 0] += words(of: "/proc/self/task/\(task)/children")
        }
        for directory in ["/sys/fs/bpf/sluice", "/sys/class/net"] {
            for entry in entries(of: directory) { counts["\(directory)/\(entry)"] = 1 }
        }
        return counts
    }

    private static func target(of path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink(path, &buffer, buffer.count)
        return count > 0
            ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    private static func entries(of path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// Number of words in a small file.
    private static func words(of path: String) -> Int {
        guard let file = unsafe fopen(path, "re") else { return 0 }
        defer { unsafe fclose(file) }
        var buffer = [CChar](repeating: 0, count: 4096)
        guard unsafe fgets(&buffer, CInt(buffer.count), file) != nil else { return 0 }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            .split(separator: " ").count
    }
}

extension Trait where Self == LeavesNothingBehind {
    package static var leavesNothingBehind: Self { Self() }
}
