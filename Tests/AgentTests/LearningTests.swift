import Foundation
import TestSupport
import Testing
import Traffic

/// Replay that learns first.
@Suite("Replay that learns", .serialized, .timeLimit(.minutes(5)), .optimized)
struct LearningTests {
    @Test("With --learn a model of this capture is trained and used from then on, the same one in each run")
    func learning() async throws {
        var tape = Tape()
        let scanner = Address(literal: "203.0.113.9")
        tape.usual(from: 0, for: 340)
        tape.syns(scanner, Address(literal: "10.20.0.2"), isScan: true, perSecond: 50, from: 320, for: 8)
        let outcome = try await ReplayTests.replay([tape.pcap], ["--learn", "5m"])
        let lines = try ReplayTests.lines(outcome)
        let alert = try #require(lines.first { $0.event == "alert" && $0.address == "\(scanner)" })
        #expect(alert.model?.contains("site-300s") == true)
        #expect(lines.last?.model == alert.model)
        #expect(
            try await ReplayTests.replay([tape.pcap], ["--learn", "5m"]).output
                == outcome.output)
    }

    private static let shared = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared").standardizedFileURL
    private static let capture = shared.appending(path: "captures/pcap/x_mix_iot_home.pcap.zst").path

    private struct Score: Decodable {
        var attacks, detected, falseAlarms, victimBlamed: Int; var falseAlarmsPerHour: Double
    }

    @Test(
        "In a home's recorded traffic at least 8 of 12 attacks are found, with at most 10 false alarms an hour and no victim blamed",
        .enabled(if: FileManager.default.fileExists(atPath: capture), "needs ../shared beside the checkout"))
    func home() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (file, events) = (folder.appending(path: "home.pcap"), folder.appending(path: "events.jsonl"))
        try command(["zstd", "-q", "-d", Self.capture, "-o", file.path])
        let replay = try await ReplayTests.replay([], [file.path, "--learn", "25m"])
        try replay.output.write(to: events, atomically: false, encoding: .utf8)
        let judge = try Program(
            [
                "python3", Self.shared.appending(path: "truth/score.py").path,
                Self.shared.appending(path: "captures/labels/x_mix_iot_home.csv").path, events.path, "--from",
                "1500",
                "--json",
            ], files: folder)
        let text = try await judge.ended().output
        let score = try JSONDecoder().decode(Score.self, from: Data(text.utf8))
        #expect(score.attacks == 12 && score.detected >= 8, "\(text)")
        #expect(score.falseAlarmsPerHour <= 10 && score.victimBlamed == 0, "\(text)")
    }
}
