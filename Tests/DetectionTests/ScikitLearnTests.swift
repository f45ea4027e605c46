import Detection
import Features
import Foundation
import Models
import Testing
import Traffic

/// Our models beside scikit-learn's on the same windows: `scripts/test.d/scikit_learn.py`.
@Suite struct ScikitLearnTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let program = URL(filePath: ProcessInfo.processInfo.arguments[0])
        .deletingLastPathComponent().appending(path: "sluice")

    private static let canRun: Bool = {
        #if DEBUG
        false
        #else
        (try? run("python3", ["-c", "import sklearn"])) != nil
        #endif
    }()

    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
        return String(decoding: data, as: UTF8.self)
    }

    private static func host(_ network: UInt32, _ number: Int) -> Address {
        Address(ipv4: network + UInt32(number))
    }

    /// Forty people who look up names and open pages, each at a pace of their own, and six who try doors on six hosts.
    private func traffic(_ seconds: Int, seed: UInt64) -> ScriptedTraffic {
        var random = SeededGenerator(seed: seed)
        var script = ScriptedTraffic()
        for person in 0..<40 {
            let pace = 0.2 + Double(random.uniform()) * 2.5
            var time = Double(random.uniform())
            var port: UInt16 = 20_000
            while time < Double(seconds) {
                let client = Self.host(0x0A00_0100, person)
                let server = Self.host(0xC0A8_0000, Int(random.next() % 60))
                port += 1
                script.packet(at: time, client, port, Self.host(0x0A00_0001, 0), 53, .udp, length: 78)
                script.packet(
                    at: time + 0.004, Self.host(0x0A00_0001, 0), 53, client, port, .udp,
                    length: 90 + random.next() % 300)
                script.connection(
                    at: time + 0.01, client, port, server, random.next() % 4 == 0 ? 80 : 443,
                    roundTrip: 0.002 + Double(random.uniform()) * 0.05,
                    request: 100 + random.next() % 900, answers: Int(random.next() % 14))
                time += -log(max(Double(random.uniform()), 1e-6)) / pace
            }
        }
        for attacker in 0..<6 {
            var time = Double(random.uniform())
            while time < Double(seconds) {
                let source = Self.host(0x0A00_0900, attacker)
                let victim = Self.host(0xC0A8_0900, Int(random.next() % 6))
                if random.next() % 3 == 0 {
                    script.connection(
                        at: time, source, UInt16(30_000 + random.next() % 9_000), victim, 80, answers: 2)
                } else {
                    script.packet(
                        at: time, source, UInt16(30_000 + random.next() % 9_000), victim,
                        UInt16(random.next() % 4_000), .tcp, length: 60 + random.next() % 20, flags: .syn)
                }
                time += 0.3 + Double(random.uniform())
            }
        }
        return script
    }

    private func table(_ traffic: ScriptedTraffic, seconds: Int) -> String {
        var builder = WindowBuilder()
        var lines = [WindowTable.header]
        let bad = [Self.host(0x0A00_0900, 0), Self.host(0xC0A8_0900, 0)].map { "\($0)".dropLast(1) }
        for reading in traffic.readings(every: 1, until: Double(seconds)) {
            let batches = builder.observe(reading)
            for batch in [batches.source, batches.destination] {
                for row in batch.windows.indices {
                    let isBad = bad.contains { "\(batch.windows[row].entity.prefix)".hasPrefix($0) }
                    let line = WindowTable.line(of: row, in: batch, at: reading.end)
                    lines.append(isBad ? line.replacing(",,", with: ",bad,", maxReplacements: 1) : line)
                }
            }
        }
        return lines.joined(separator: "\n")
    }

    @Test(
        "every kind's area under the ROC curve is within .02 of scikit-learn's on the same windows",
        .enabled(if: canRun, "needs optimisation and PyPI's scikit-learn (scripts/test sees to both)"))
    func areas() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (train, test) = (folder.appending(path: "train.csv"), folder.appending(path: "test.csv"))
        try table(traffic(60, seed: 1), seconds: 60).write(to: train, atomically: true, encoding: .utf8)
        try table(traffic(40, seed: 2), seconds: 40).write(to: test, atomically: true, encoding: .utf8)
        let script = Self.root.appending(path: "scripts/test.d/scikit_learn.py").path
        let theirs = try Self.run("python3", [script, train.path, test.path])
        let rows = try WindowTable(String(contentsOf: test, encoding: .utf8)).rows
        var compared = 0
        for line in theirs.split(separator: "\n") {
            let words = line.split(separator: " ")
            let kind = String(words[0])
            let expected = try #require(Double(words[2]))
            let model = folder.appending(path: kind + ".safetensors").path
            if !FileManager.default.fileExists(atPath: model) {
                _ = try Self.run(
                    Self.program.path, ["train", "--model", kind, "--output", model, train.path])
            }
            let all = try Self.run(Self.program.path, ["model", "score", model, test.path])
                .split(separator: "\n").map { $0.split(separator: ",") }
            let judged = all.filter { $0[0] == words[1] }
            // The program scores a row as this test does, to the bit.
            let here = try SiteModel(file: ModelFile(Array(Data(contentsOf: URL(filePath: model)))))
                .judge(Array(rows.prefix(60)))
            #expect(here.map { "\($0.score)" } == all.dropFirst().prefix(60).map { String($0[2]) })
            let area = Importance.area(
                try judged.map { try #require(Int32($0[2])) }, judged.map { $0[1] == "bad" })
            print("\(line), ours \(area)")
            #expect(abs(area - expected) <= 0.02, "\(line), ours \(area)")
            compared += 1
        }
        #expect(compared == 10)
    }
}
