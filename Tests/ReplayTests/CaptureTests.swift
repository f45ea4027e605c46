import Replay
import TestSupport
import Testing
import Traffic

@Suite("Captures")
struct CaptureTests {
    private static let frame = FrameShape.all[0].example.bytes
    private static let some = (0..<5).map {
        (time: Timestamp(nanoseconds: Int64($0) * 1_000_000_001), bytes: frame)
    }

    private static func error(_ file: CaptureFile) -> String {
        do {
            return FlowAccounts(of: try file.open()).failure.map { "\($0)" } ?? "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test("a capture's frames and times are read as they stand, to the nanosecond")
    func pcap() throws {
        let file = try CaptureFile(pcap: Self.some)
        let capture = try file.open()
        var read: [(time: Timestamp, bytes: [UInt8])] = []
        while let next = try unsafe capture.next({ time, bytes, _ in unsafe (time, Array(bytes)) }) {
            read.append(next)
        }
        #expect(read.map(\.time) == Self.some.map(\.time))
        #expect(read.map(\.bytes) == Self.some.map(\.bytes))
    }

    @Test("pcapng whose interfaces differ in snapshot length is read")
    func pcapng() throws {
        let file = try CaptureFile(
            CaptureFile.section + CaptureFile.interface(snapshot: 96) + CaptureFile.interface(snapshot: 65535)
                + CaptureFile.packet(on: 0, at: 1, Self.frame) + CaptureFile.packet(on: 1, at: 2, Self.frame))
        #expect(FlowAccounts(of: try file.open()).totals.flow.packets == 2)
    }

    @Test("times that no clock shows are brought to the nearest that a capture may have")
    func times() throws {
        let file = try CaptureFile(
            CaptureFile.section + CaptureFile.interface(snapshot: 0)
                + CaptureFile.packet(on: 0, at: .max, Self.frame))
        let time = try unsafe file.open().next { time, _, _ in time }
        #expect(time.map { $0.nanoseconds / 1_000_000_000 } == Int64(UInt32.max))
    }

    @Test("an empty capture holds no flow")
    func noFrames() throws {
        let accounts = FlowAccounts(of: try CaptureFile(pcap: []).open())
        #expect(accounts.flows.isEmpty)
        #expect(accounts.totals.frames == 0)
    }

    @Test("a file that is not there, or is none, is named")
    func missing() {
        let error = #expect(throws: CaptureError.self) { try Capture(path: "/nonexistent/a.pcap") }
        #expect(error?.description == "/nonexistent/a.pcap: No such file or directory")
        let folder = #expect(throws: CaptureError.self) { try Capture(path: "/tmp") }
        #expect(folder?.description.contains("Is a directory") == true)
    }

    @Test("what is no capture, or of a link type that is not known, is refused with its name and the reason")
    func refused() throws {
        let cases: [(CaptureFile, String)] = [
            (try CaptureFile([]), "truncated"),
            (try CaptureFile(Array("hello, this is no capture".utf8)), "not a capture"),
            (try CaptureFile(Array("BZh91AY&SY, by another packer".utf8)), "gzip, zstd or xz"),
            (try CaptureFile([0x28, 0xB5, 0x2F, 0xFD] + Self.frame), "unpacked (zstd)"),
            (try CaptureFile([0x1F, 0x8B, 8, 0] + Self.frame), "unpacked (gzip)"),
            (try CaptureFile([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0] + Self.frame), "unpacked (xz)"),
            (try CaptureFile(pcap: Self.some, linkType: 105), "IEEE802_11"),
            (try CaptureFile(pcap: Self.some, linkType: 999), "999"),
        ]
        for (file, reason) in cases {
            let error = Self.error(file)
            #expect(error.hasPrefix(file.path), "\(error)")
            #expect(error.contains(reason), "\(error)")
        }
    }

    @Test("a capture that is cut off gives what stands before the cut, and an error unless frames are whole")
    func truncated() throws {
        let whole = CaptureFile.header() + Self.frame.prefix(0)
        var bytes = whole
        for _ in 0..<3 {
            let length = UInt32(Self.frame.count).bytes
            bytes += [0, 0, 0, 1, 0, 0, 0, 0] + length + length + Self.frame
        }
        let record = 16 + Self.frame.count
        for length in 0..<bytes.count {
            let isWhole = length >= 24 && (length - 24) % record == 0
            let file = try CaptureFile(Array(bytes[..<length]))
            #expect((Self.error(file) == "no error") == isWhole, "\(length) bytes")
            guard length >= 24 else { continue }
            let accounts = FlowAccounts(of: try file.open())
            #expect(accounts.totals.frames == UInt64((length - 24) / record), "\(length) bytes")
        }
    }

    @Test(
        "random damage to a capture gives an error or other frames, and never crashes",
        arguments: [true, false])
    func damaged(isPcapng: Bool) throws {
        var random = SeededGenerator()
        let section = CaptureFile.section + CaptureFile.interface(snapshot: 65535)
        let packets = (0..<5).flatMap { CaptureFile.packet(on: 0, at: UInt64($0), Self.frame) }
        let pcap = Self.some.reduce(CaptureFile.header()) { bytes, frame in
            bytes + [UInt8](repeating: 0, count: 8) + UInt32(frame.bytes.count).bytes
                + UInt32(frame.bytes.count).bytes
                + frame.bytes
        }
        for _ in 0..<300 {
            var bytes = isPcapng ? section + packets : pcap
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(
                    in: .min ... .max, using: &random)
            }
            _ = Self.error(try CaptureFile(bytes))
        }
    }
}
