import Foundation
import Testing

/// Who may import what: docs/architecture.md, "Arrows point down".
@Suite("Layers")
struct LayeringTests {
    /// Modules that touch neither I/O nor, but for hints about memory, C, and what else they may import.
    static let pure: [String: Set<String>] = [
        "Traffic": [],
        "Features": ["CMemory", "Traffic", "RealModule"],
        "Models": ["RealModule"],
        "Detection": ["Features", "Models", "Scoring", "Traffic", "RealModule"],
        "Evaluation": ["Features", "Traffic", "RealModule"],
        "Policy": ["Detection", "Features", "Traffic"],
    ]

    @Test("A pure module imports nothing but pure modules below it", arguments: pure.keys.sorted())
    func pureModules(module: String) throws {
        let allowed = try #require(Self.pure[module])
        for (file, imports) in try Self.imports(of: module) {
            #expect(imports.subtracting(allowed) == [], "\(file)")
        }
    }

    @Test(
        "The kernel of integer arithmetic is imported in Scoring only, and Scoring imports only Models beside"
    )
    func int8Kernel() throws {
        let users = try Self.modules().filter { module in
            try Self.imports(of: module).contains { $0.imports.contains("CInt8Kernel") }
        }
        #expect(users == ["Scoring"])
        for (file, imports) in try Self.imports(of: "Scoring") {
            #expect(imports.subtracting(["CInt8Kernel", "Models"]) == [], "\(file)")
        }
    }

    @Test("Hints about memory are given in Features, and in FlowTable, which makes the samples")
    func memory() throws {
        let users = try Self.modules().filter { module in
            try Self.imports(of: module).contains { $0.imports.contains("CMemory") }
        }
        #expect(Set(users) == ["Features", "FlowTable"])
    }

    @Test("Cryptography is imported in Signing only")
    func cryptography() throws {
        let users = try Self.modules().filter { module in
            try Self.imports(of: module).contains { $0.imports.contains("Crypto") }
        }
        #expect(users == ["Signing"])
    }

    @Test("libbpf is imported in BPF and Datapath only")
    func libbpf() throws {
        let users = try Self.modules().filter { module in
            try Self.imports(of: module).contains { $0.imports.contains("CLibbpf") }
        }
        #expect(Set(users).isSubset(of: ["BPF", "Datapath"]))
    }

    @Test("The kernel's types stay below FlowTable, Datapath and Replay")
    func kernelTypes() throws {
        let users = try Self.modules().filter { module in
            try Self.imports(of: module).contains {
                !$0.imports.isDisjoint(with: ["CSluiceABI", "CSluiceTwin"])
            }
        }
        #expect(Set(users).isSubset(of: ["FlowTable", "Datapath", "Replay"]))
    }

    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")

    private static func modules() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: sources.path)
    }

    private static func imports(of module: String) throws -> [(file: String, imports: Set<String>)] {
        let folder = sources.appending(path: module)
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
            $0.hasSuffix(".swift")
        }
        return try files.map { file in
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            let found = text.split(separator: "\n").compactMap { line -> String? in
                let words = line.split(separator: " ")
                guard let keyword = words.firstIndex(of: "import"), keyword <= 2, words.count > keyword + 1,
                    words[..<keyword].allSatisfy({
                        ["package", "internal", "public", "@testable"].contains($0)
                    })
                else { return nil }
                return String(words[keyword + 1])
            }
            return (file, Set(found))
        }
    }
}
