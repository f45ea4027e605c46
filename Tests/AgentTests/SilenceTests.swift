import Foundation
import TestSupport
import Testing

/// The agent on benign traffic of real programs, before it has learned anything.
@Suite("Silence", .timeLimit(.minutes(3)))
struct SilenceTests {
    @Test("The agent blocks nobody while people browse, download, send mail, resolve names and ask databases")
    func silent() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let lab = URL(filePath: sluicePath).deletingLastPathComponent().appending(path: "sluice-lab").path
        let activities = [
            "browsing", "downloads", "mail", "resolver", "NTP", "database", "long polls",
        ]
        let program = try Program(
            [
                lab, "benign", "--site", "hoster", "--seed", "1", "--speed", "4", "--duration", "20s",
                "--sluice",
                sluicePath, "--capture", "\(folder.path)/benign.pcap",
            ] + activities.flatMap { ["--activity", $0] }, files: folder)
        defer { program.remove() }
        let outcome = try await program.ended(within: .seconds(120))
        #expect(outcome.status == 0, "\(outcome.error)\(outcome.output)")
        #expect(outcome.output.contains("0 of them blocks"))
        // Everything happened, and its frames are there to replay.
        for activity in activities { #expect(outcome.output.contains(activity), "\(outcome.output)") }
        let size =
            try FileManager.default.attributesOfItem(atPath: "\(folder.path)/benign.pcap")[.size] as? Int
        #expect((size ?? 0) > 500_000, "\(outcome.output)")
    }
}
