import Features
import Foundation
import Signing
import Testing

/// Signing models, and looking at signatures.
@Suite struct SignatureTests {
    private let folder: URL
    private var keyFile: String { folder.appending(path: "key").path }
    private var table: String { folder.appending(path: "windows.csv").path }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Trains a model of a few windows and returns the path of its file.
    private func train(_ arguments: [String] = []) async throws -> String {
        let path = folder.appending(path: UUID().uuidString).path
        let outcome = try await sluice(
            ["train", "--model", "kmeans", "--output", path] + arguments + [table])
        try #require(outcome.status == 0, "\(outcome)")
        return path
    }

    private func writeTable() throws {
        var lines = ["view,label," + FeatureSchema.features.map(\.name).joined(separator: ",")]
        for row in 0..<120 {
            let values = FeatureSchema.features.indices.map { "\((row * 31 + $0 * 17) % 23)" }
            lines.append(
                "\(row % 2 == 0 ? "source" : "destination"),good,\(values.joined(separator: ","))")
        }
        try lines.joined(separator: "\n").write(toFile: table, atomically: true, encoding: .utf8)
    }

    @Test("The exit code and the error of `model verify` say whether a file is to be trusted, and why not")
    func verify() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try writeTable()
        let signed = try await train(["--sign-with", keyFile])
        let key = try SigningKey(file: keyFile).publicKey
        let verify = { (file: String, key: String) in
            try await sluice(["model", "verify", file, "--key", key])
        }
        let good = try await verify(signed, key.uppercased())
        #expect(good.status == 0 && good.output.contains("signed by \(key)"), "\(good)")

        let foreign = try await verify(signed, SigningKey().publicKey)
        #expect(foreign.status == 5 && foreign.error.contains("signed by \(key), which is not trusted"))

        let unsigned = try await verify(try await train(), key)
        #expect(unsigned.status == 5 && unsigned.error.contains("has no signature"), "\(unsigned)")

        var bytes = try Data(contentsOf: URL(filePath: signed))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(filePath: signed))
        let changed = try await verify(signed, key)
        #expect(changed.status == 5 && changed.error.contains("not what \(key) signed"), "\(changed)")

        try bytes.prefix(100).write(to: URL(filePath: signed))
        let truncated = try await verify(signed, key)
        #expect(truncated.status == 1 && truncated.error.contains("truncated"), "\(truncated)")
    }

    @Test("Without --key the agent says which keys are trusted; `model key` prints its own")
    func agentsKeys() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try writeTable()
        let signed = try await train(["--sign-with", keyFile])
        try await withAgent { run in
            let outcome = try await run(["model", "verify", signed])
            #expect(outcome.status == 5 && outcome.error.contains("not trusted"), "\(outcome)")
            #expect(try await run(["model", "key"]).output == Samples.key + "\n")
        }
    }
}
