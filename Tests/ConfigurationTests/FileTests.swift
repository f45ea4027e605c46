import Configuration
import Foundation
import Policy
import Testing
import Traffic

@Suite("Configuration files")
struct FileTests {
    @Test("A file that is not there is named, with the reason")
    func missingFile() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration(file: "/nonexistent/sluice.yaml")
        }
        #expect(error.description == "/nonexistent/sluice.yaml: cannot be read: no such file")
    }

    @Test("A folder, a file that is no text, and one that is too long are refused")
    func unusableFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "sluice.yaml")
        for data in [Data([0xFF, 0xFE, 0x00, 0xD8]), Data(repeating: 0x23, count: (1 << 20) + 1)] {
            try data.write(to: file)
            let error = try #require(throws: ConfigurationError.self) { try Configuration(file: file.path) }
            #expect(error.problems.first?.message.contains("UTF-8 text of at most 1 MiB") == true)
        }
        #expect(throws: ConfigurationError.self) { try Configuration(file: folder.path) }
        try Data("mode: limit\n".utf8).write(to: file)
        #expect(try Configuration(file: file.path).mode == .limit)
    }
}
