import Foundation
import Testing

/// `sluice evaluate` beside an independent scorer, which is there only beside the maintainers' checkout.
@Suite("Evaluation, end to end", .timeLimit(.minutes(5)))
struct EvaluationAgreementTests {
    private static let shared = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared").standardizedFileURL
    private static let isPresent = FileManager.default.fileExists(
        atPath: shared.appending(path: "truth/score.py").path)

    private struct Figures: Decodable {
        var detector: String
        var attacks, detected, falseAlarms, victimsBlamed, attackWindows, benignWindows: Int
        var rocArea: Double?
        var hours: Double
    }

    private struct Score: Decodable {
        var attacks, detected, falseAlarms, victimBlamed, attackWindows, benignWindows: Int
        var rocAUC: Double?
        var hours: Double
    }

    @Test(
        "The command agrees with score.py on what replay prints",
        .enabled(if: isPresent, "needs ../shared/truth/score.py"),
        arguments: ["m_ftp_brute", "m_modbus_exploit_ms08_netapi", "a_nmap_synscan"])
    func agreement(name: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let labels = Self.shared.appending(path: "captures/labels")
        let capture = folder.appending(path: "\(name).pcap").path
        let packed = Self.shared.appending(path: "captures/pcap/\(name).pcap.zst").path
        _ = try await output(["zstd", "-q", "-d", "-o", capture, packed], in: folder)
        let events = folder.appending(path: "events")
        try await output([sluicePath, "replay", "--windows", capture], in: folder)
            .write(to: events, atomically: false, encoding: .utf8)
        let score = try await output(
            [
                "python3", "-B", Self.shared.appending(path: "truth/score.py").path,
                labels.appending(path: "\(name).csv").path, events.path, "--json",
            ], in: folder)
        let expected = try JSONDecoder().decode(Score.self, from: Data(score.utf8))
        let evaluation = try await output(
            [sluicePath, "evaluate", "--labels", labels.path, "--format", "json", capture], in: folder)
        let figures = try JSONDecoder().decode([Figures].self, from: Data(evaluation.utf8))
        let alerts = try #require(figures.first { $0.detector == "alerts" })
        #expect(alerts.attacks == expected.attacks && alerts.detected == expected.detected)
        #expect(alerts.falseAlarms == expected.falseAlarms && alerts.victimsBlamed == expected.victimBlamed)
        #expect(
            alerts.attackWindows == expected.attackWindows && alerts.benignWindows == expected.benignWindows)
        #expect(abs((alerts.rocArea ?? -1) - (expected.rocAUC ?? -1)) < 1e-9)
        #expect(abs(alerts.hours - expected.hours) < 0.001)
    }

    private func output(_ words: [String], in folder: URL) async throws -> String {
        let program = try Program(words, files: folder)
        defer { program.remove() }
        let outcome = try await program.ended(within: .seconds(120))
        #expect(outcome.status == 0, "\(words): \(outcome.error)")
        return outcome.output
    }
}
