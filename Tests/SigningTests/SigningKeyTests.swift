import Foundation
import Signing
import Testing

@Suite struct SigningKeyTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func mode(_ path: String) throws -> Int? {
        try (FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }

    @Test("a key is made once, for its owner only, and is the same one ever after")
    func made() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = SigningKey.path(beside: folder.appending(path: "sluice.db").path)
        // What a writer that was killed left behind is in nobody's way.
        try Data("half".utf8).write(to: URL(filePath: path + ".part"))
        let key = try SigningKey(file: path)
        #expect(try mode(path) == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["sluice.db.key"])
        #expect(try SigningKey(file: path).publicKey == key.publicKey)
        #expect(key.publicKey.count == 64 && key.publicKey != SigningKey().publicKey)
    }

    @Test(
        "a file that holds no key, or is open to others, is refused and left as it is",
        arguments: [
            ("", 0o600, "it holds no key"), ("not a key\n", 0o600, "it holds no key"),
            (String(repeating: "ab", count: 31), 0o600, "it holds no key"),
            (String(repeating: "ab", count: 33), 0o600, "it holds no key"),
            (String(repeating: "ab", count: 100_000), 0o600, "it holds no key"),
            (String(repeating: "xy", count: 32), 0o600, "it holds no key"),
            (String(repeating: "ab", count: 32), 0o640, "others may read it: chmod 600"),
            (String(repeating: "ab", count: 32), 0o604, "others may read it: chmod 600"),
        ])
    func refused(text: String, mode: Int, message: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "key")
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        #expect {
            try SigningKey(file: file.path)
        } throws: { error in
            "\(error)".contains(file.path) && "\(error)".contains(message)
        }
        #expect(try Data(contentsOf: file) == Data(text.utf8))
        #expect(try self.mode(file.path) == mode)
    }

    @Test("a folder that is not there is named")
    func noFolder() {
        #expect { try SigningKey(file: "/nonexistent/key") } throws: { "\($0)".contains("/nonexistent/key") }
    }
}
