import Foundation
import Replay
import TestSupport
import Testing
import Traffic

@Suite("Packed captures")
struct PackedTests {
    /// What packs, and to standard output.
    static let packers: [[String]] = [
        ["gzip", "-c"], ["zstd", "-q", "-c"], ["zstd", "-q", "--ultra", "-22", "-c"], ["xz", "-c"],
    ]

    /// Enough for several parts of what is unpacked at a time.
    private static let frames: [(time: Timestamp, bytes: [UInt8])] = (0..<20_000).map { index in
        let frame = Frame(
            from: Address(ipv4: UInt32(index) &* 2_654_435_761), to: FrameShape.destination(isIPv4: true))
        return (Timestamp(nanoseconds: Int64(index)), frame.bytes)
    }

    private static func pack(_ file: CaptureFile, _ packer: [String]) throws -> [UInt8] {
        let path = file.path + ".packed"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try command(["sh", "-c", "\(packer.joined(separator: " ")) \(file.path) > \(path)"])
        return Array(try Data(contentsOf: URL(filePath: path)))
    }

    @Test("are read as what they are unpacked, several one behind the other too", arguments: packers)
    func packed(packer: [String]) throws {
        let plain = try CaptureFile(pcap: Self.frames)
        let expected = FlowAccounts(of: try plain.open())
        let packed = try Self.pack(plain, packer)
        let accounts = FlowAccounts(of: try CaptureFile(packed).open())
        #expect(accounts.failure == nil)
        let isSame = accounts.flows == expected.flows
        #expect(isSame && expected.flows.count == Self.frames.count)
        // As `cat a.gz b.gz` makes them: sections of pcapng may follow each other.
        let frame = FrameShape.all[0].example.bytes
        let section = try CaptureFile(
            CaptureFile.section + CaptureFile.interface(snapshot: 0)
                + CaptureFile.packet(on: 0, at: 1, frame))
        let twice = try Self.pack(section, packer)
        let both = FlowAccounts(of: try CaptureFile(twice + twice).open())
        #expect(both.failure == nil)
        #expect(both.totals.frames == 2)
    }

    @Test(
        "that are cut off anywhere, or damaged, are an error, and never more than they hold",
        arguments: packers)
    func damaged(packer: [String]) throws {
        var random = SeededGenerator()
        let plain = try CaptureFile(pcap: Array(Self.frames.prefix(200)))
        let packed = try Self.pack(plain, packer)
        for _ in 0..<40 {
            let length = Int.random(in: 8..<packed.count, using: &random)
            let file = try CaptureFile(Array(packed.prefix(length)))
            let failure: CaptureError?
            do { failure = FlowAccounts(of: try file.open()).failure } catch { failure = error }
            #expect(failure?.path == file.path, "\(length) of \(packed.count) bytes, \(random)")
        }
        for _ in 0..<100 {
            var bytes = packed
            bytes[.random(in: bytes.indices, using: &random)] ^= .random(in: 1 ... .max, using: &random)
            let file = try CaptureFile(bytes)
            let frames = (try? FlowAccounts(of: file.open()))?.totals.frames ?? 0
            #expect(frames <= 200, "\(random)")
        }
    }
}
