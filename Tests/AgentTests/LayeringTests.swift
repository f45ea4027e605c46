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
        "Evaluation": ["Features", "Models", "Traffic", "RealModule"],
        "Policy": ["Detection", "Features", "Traffic"],
        "Engine": ["Detection", "Policy", "Traffic"],
        // Bytes that JSON has as base64 are Foundation's.
        "API": ["FoundationEssentials", "Traffic"],
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

    @Test("The live agent reads no captures")
    func captures() throws {
        for (file, imports) in try Self.imports(of: "Agent") {
            #expect(imports.isDisjoint(with: ["CLibpcap", "Evaluation", "Replay", "Rehearsal"]), "\(file)")
        }
    }

    @Test("Cryptography is imported in Signing only")
    func cryptography() throws {
        let users = try Self.modules().filter { module in
            try Self.imports(of: module).contains { $0.imports.contains("Crypto") }
        }
        #expect(users == ["Signing"])
    }

    @Test("SwiftNIO is imported in Control only")
    func networking() throws {
        let users = try Self.modules().filter { module in
            try Self.imports(of: module).contains { $0.imports.contains { $0.hasPrefix("NIO") } }
        }
        #expect(users == ["Control"])
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

    @Test(
        "The picture of docs/architecture.md is what the sources import, without what follows from other arrows"
    )
    func picture() throws {
        let modules = try Self.modules()
        var imported: [String: Set<String>] = [:]
        for module in modules {
            let all = try Self.imports(of: module).reduce(into: Set<String>()) { $0.formUnion($1.imports) }
            imported[module] = all.intersection(modules).subtracting([module])
        }
        func follows(_ target: String, from module: String) -> Bool {
            imported[module, default: []].contains { other in
                other != target
                    && (imported[other, default: []].contains(target) || follows(target, from: other))
            }
        }
        let arrows = imported.flatMap { module, targets in
            targets.filter { !follows($0, from: module) }.map { "\(module) --> \($0)" }
        }
        let page = Self.sources.deletingLastPathComponent().appending(path: "docs/architecture.md")
        let drawn = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.contains(" --> ") }
            // What is not Swift has no imports.
            .filter { !(imported[String($0.prefix { $0 != " " })] ?? []).isEmpty }
        #expect(Set(drawn).subtracting(arrows) == [], "drawn, but not so, or following from others")
        #expect(Set(arrows).subtracting(drawn) == [], "not drawn")
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
            // With attributes, an access level, and the kind of what is imported, as far as they are there.
            let found = text.matches(
                of: /(?m)^ *(?:@\w+(?:\(\w*\))? +)*(?:\w+ +)?import +(?:\w+ +)?(\w+) *(?:\/\/.*)?$/
            ).map { String($0.1) }
            return (file, Set(found))
        }
    }
}
