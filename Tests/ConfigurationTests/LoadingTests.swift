import Configuration
import Foundation
import Policy
import Testing
import Traffic

@Suite("Files, drop-ins and flags")
struct LoadingTests {
    private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try body(folder.appending(path: "s.yaml").path)
    }

    private func origin(_ key: String, in loaded: LoadedConfiguration) -> String? {
        loaded.settings.first { $0.key == key }.map { "\($0.origin)" }
    }

    @Test(
        "Drop-ins are read in order, lists are replaced, flags are above all, and each value has its origin")
    func loads() throws {
        try withFolder([
            "s.yaml": "mode: limit\nallow: [192.0.2.0/24, 198.51.100.7]\nbans:\n  duration: 5m\n",
            "s.yaml.d/20-b.yaml": "allow: [203.0.113.9]\nbans: {maximum: 3h}\n",
            "s.yaml.d/10-a.yaml": "mode: learn\nallow: [10.0.0.0/8]\n",
            "s.yaml.d/note.txt": "no configuration",
            "s.yaml.d/.hidden.yaml": "mode: nonsense",
        ]) { file in
            var loaded = try LoadedConfiguration(file: file)
            loaded.set(\.socket, to: "/tmp/s", key: "socket", flag: "--socket")
            let configuration = loaded.configuration
            #expect(configuration.mode == .learn && configuration.bans.duration == .seconds(300))
            #expect(configuration.bans.maximum == .seconds(3 * 3600) && configuration.socket == "/tmp/s")
            #expect(configuration.allow.map(\.description) == ["203.0.113.9"])
            #expect(origin("mode", in: loaded) == "drop-in \(file).d/10-a.yaml:1")
            #expect(origin("allow", in: loaded) == "drop-in \(file).d/20-b.yaml:1")
            #expect(origin("bans.duration", in: loaded) == "file \(file):4")
            #expect(origin("socket", in: loaded) == "flag --socket")
            #expect(origin("interval", in: loaded) == "default")
        }
    }

    @Test("Mistakes of all files are found, each named with its file; what contradicts is blamed on the last")
    func namesFiles() throws {
        try withFolder(["s.yaml": "mode: x\n", "s.yaml.d/a.yaml": "interval: 1\ntypo: 2\n"]) { file in
            let error = #expect(throws: ConfigurationError.self) { try LoadedConfiguration(file: file) }
            let places = error?.problems.map { "\($0.file):\($0.line ?? 0)" }
            #expect(places == ["\(file):1", "\(file).d/a.yaml:1", "\(file).d/a.yaml:2"])
        }
        try withFolder(["s.yaml": "bans: {maximum: 1h}\n", "s.yaml.d/a.yaml": "\nbans: {duration: 2h}\n"]) {
            file in
            let error = #expect(throws: ConfigurationError.self) { try LoadedConfiguration(file: file) }
            #expect(error?.description.hasPrefix("\(file):1:8: bans.maximum (1h) must not be") == true)
        }
    }

    @Test("The JSON Schema takes the default file and refuses mistakes, as python's jsonschema judges")
    func hasSchema() throws {
        try withFolder([
            "s.yaml": Configuration().text, "schema.json": try Configuration.jsonSchema,
            "judge.py": """
            import json, pathlib, sys, jsonschema, yaml
            folder = pathlib.Path(sys.argv[1])
            schema = json.loads((folder / "schema.json").read_text())
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            for error in validator.iter_errors(yaml.safe_load((folder / "s.yaml").read_text())):
                print(error)
            for text in ("mode: x", "typo: 1", "bans: {duration: 10}", "interval: 5 parsecs", "allow: 10.0.0.0/8",
                         "ipv6_source_prefix: 200", "bans: {typo: 1}", "interfaces: [{role: lan}]", "detection: {false_alarms_per_day: 0}"):
                if validator.is_valid(yaml.safe_load(text)):
                    print("accepted:", text)
            if not validator.is_valid(yaml.safe_load("interfaces: [eth0, {name: eth1, role: lan}]")):
                print("refused: a role")
            """,
        ]) { file in
            let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", "\(folder)/judge.py", folder]
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let said = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0 && said.isEmpty, "\(said)")
        }
    }
}
