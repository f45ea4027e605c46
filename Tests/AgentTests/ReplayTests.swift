import API
import Foundation
import TestSupport
import Testing
import Traffic

/// The built `sluice replay`, from the capture's bytes to the lines it prints.
@Suite("Replay, end to end", .timeLimit(.minutes(5)))
struct ReplayTests {
    private static let scanner = Address(literal: "203.0.113.9")
    private static let flooder = Address(literal: "2001:db8:bad:1::9")
    private static let (scanStart, floodStart, end) = (60.0, 90.0, 120.0)

    /// Two minutes of clients, with a scan by IPv4 and then a flood of SYNs by IPv6 in them.
    private static let tape: Tape = {
        var tape = Tape()
        tape.usual(from: 0, for: end)
        tape.syns(
            scanner, Address(literal: "10.20.0.2"), isScan: true, perSecond: 50, from: scanStart, for: 10)
        tape.syns(
            flooder, Address(literal: "2001:db8:20::2"), isScan: false, perSecond: 2500, from: floodStart,
            for: 4)
        return tape
    }()

    struct Line: Decodable {
        struct Feature: Decodable {
            var name: String
            var value, usual, share: Double
        }

        var event: String
        var time: Double?
        var entity, address, action, model: String?
        var score, threshold, firstTime, lastTime: Double?
        var features: [Feature]?
        var frames: Int?
    }

    /// Runs `sluice replay` on captures, written to files with these contents.
    static func replay(_ captures: [Data], _ arguments: [String] = [], by sluice: String = sluicePath)
        async throws
        -> Outcome
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = try captures.enumerated().map { number, data in
            let file = folder.appending(path: "\(number).pcap")
            try data.write(to: file)
            return file.path
        }
        let program = try Program([sluice, "replay"] + files + arguments, files: folder)
        defer { program.remove() }
        return try await program.ended(within: .seconds(240))
    }

    static func lines(_ outcome: Outcome) throws -> [Line] {
        #expect(outcome.status == 0, "\(outcome.error)")
        return try outcome.output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    @Test(
        "Attacks in a capture become alerts and bans, clients do not, and a second run prints the same bytes")
    func attacks() async throws {
        let outcome = try await Self.replay([Self.tape.pcap])
        let lines = try Self.lines(outcome)
        // A scan may be in anybody's name, so its source is only confined to what answers.
        let attacks = [
            (Self.scanner, Self.scanStart, "limit"), (Self.flooder, Self.floodStart, "ban"),
        ]
        for (attacker, start, action) in attacks {
            let alert = try #require(
                lines.first { line in
                    line.event == "alert" && line.action == action && line.entity == "source"
                        && (line.address.flatMap(Prefix.init)?.contains(attacker) ?? false)
                }, "no \(action) on \(attacker): \(outcome.output)")
            let time = try #require(alert.time)
            #expect(time > Tape.start + start && time < Tape.start + start + 10)
            let score = try #require(alert.score)
            #expect(score >= (try #require(alert.threshold)))
            let features = try #require(alert.features)
            #expect(!features.isEmpty && features.map(\.share).reduce(0, +) <= 1.001)
            #expect(lines.contains { $0.event == action && $0.address == alert.address })
        }
        let blamed = lines.filter { $0.event == "alert" && $0.entity == "source" }.compactMap(\.address)
        #expect(Set(blamed).count == 2, "\(blamed)")
        let summary = try #require(lines.last)
        #expect(summary.event == "summary")
        #expect(lines.count { $0.event == "summary" } == 1)
        #expect(summary.firstTime == Tape.start)
        #expect(try abs(#require(summary.lastTime) - (Tape.start + Self.end)) < 1)
        #expect(summary.frames == Self.tape.count)
        #expect(try await Self.replay([Self.tape.pcap]).output == outcome.output)
    }

    @Test("With --windows every scored window is printed too")
    func windows() async throws {
        var tape = Tape()
        tape.usual(from: 0, for: 10)
        let lines = try Self.lines(try await Self.replay([tape.pcap], ["--windows"]))
        let windows = lines.filter { $0.event == "window" }
        #expect(windows.count > 50)
        #expect(windows.allSatisfy { $0.score != nil && $0.address != nil && $0.time != nil })
        #expect(Set(windows.compactMap(\.entity)) == ["source", "destination"])
    }

    @Test("With --flows every flow and the totals are printed, for each capture")
    func flows() async throws {
        let outcome = try await Self.replay([Self.tape.pcap, Self.tape.pcap], ["--flows"])
        let lines = outcome.output.split(separator: "\n")
        #expect(outcome.status == 0 && lines.count == 2 * (Self.tape.flows + 1))
        let totals = """
            {"totals": {"frames": \(Self.tape.count), "bytes": \(Self.tape.bytes), "flow": \(Self.tape.count), \
            "malformed": 0, "other": 0}, "flows": \(Self.tape.flows)}
            """
        #expect(lines.last.map(String.init) == totals)
        let packets = try lines.dropLast().reduce(0) { sum, line in
            let flow = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return sum + (flow["packets"] as? Int ?? 0)
        }
        #expect(packets == 2 * Self.tape.count)
    }

    @Test("Years without a packet are stepped over, and the attack behind them is still seen")
    func idleSpans() async throws {
        var tape = Tape()
        let gap = 10.0 * 365 * 86400
        tape.usual(from: 0, for: 10)
        tape.usual(from: gap, for: 30)
        tape.syns(
            Self.scanner, Address(literal: "10.20.0.2"), isScan: true, perSecond: 50, from: gap + 15, for: 10)
        let lines = try Self.lines(try await Self.replay([tape.pcap]))
        #expect(lines.contains { $0.event == "alert" && $0.address == "\(Self.scanner)" })
        #expect(lines.last?.frames == tape.count)
    }

    @Test(
        "What is no capture is refused with a message, and what stands before a cut is printed",
        arguments: [
            (Data(), "0.pcap"), (Data("not a capture at all".utf8), "not a capture"),
            (tape.pcap.prefix(24), "holds no frame"),
            (tape.pcap.prefix(tape.pcap.count - 30), "truncated"),
        ])
    func refusals(capture: Data, words: String) async throws {
        let outcome = try await Self.replay([capture])
        #expect(outcome.status == 1)
        #expect(outcome.error.hasPrefix("sluice: ") && outcome.error.contains(words), "\(outcome.error)")
        #expect(outcome.output.contains("\"ban\"") == (capture.count > 1000))
        #expect(outcome.output.contains("\"summary\"") == (capture.count > 1000))
    }

    @Test("A capture that is not there is named")
    func missing() async throws {
        let outcome = try await Self.replay([], ["/nonexistent/capture.pcap"])
        #expect(outcome.status == 1)
        #expect(outcome.error.hasPrefix("sluice: /nonexistent/capture.pcap: "))
    }
}
