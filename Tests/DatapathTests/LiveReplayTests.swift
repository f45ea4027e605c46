import Datapath
import Foundation
import Replay
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("Captures, replayed on a wire")
    struct LiveReplayTests {
        typealias Attach = DatapathOptions.Attach

        /// Attaches the data plane to a wire, and gives `body` what replays a capture on it, from each of `cpus` at once, and
        /// says what was counted.
        private static func withWire(
            _ mode: Attach, cpus: [Int] = [0], slotsPerCPU: Int = 1 << 17,
            _ body: (_ replay: (_ capture: String, _ expecting: UInt64) throws -> Tally) throws -> Void
        ) throws {
            try Namespace().run {
                let wire = try Wire(queues: cpus.count, mtu: 65535)
                let datapath = try Datapath.attach(
                    to: ["near"], bpffs: "/sys/fs/bpf",
                    options: DatapathOptions(slotsPerCPU: slotsPerCPU, attach: mode), now: .now)
                try body { capture, frames in
                    // Not in the shell's background: its `wait` needs a signal that test threads block.
                    let sender = "taskset -c CPU tcpreplay -q -t -i far '\(capture)'"
                    let senders = "xargs -P \(cpus.count) -I CPU \(sender)"
                    let numbers = cpus.map(String.init).joined(separator: "\\n")
                    try command(["sh", "-c", "printf '\(numbers)\\n' | \(senders) >/dev/null 2>&1"])
                    // The last frames may still be on their way; they are when a reading finds none.
                    var counted = Tally()
                    for _ in 0..<100 where counted.totals.frames < frames {
                        counted.add(Tally(datapath.read(at: .now)))
                    }
                    counted.add(Tally(datapath.read(at: .now)))
                    return counted
                }
                try datapath.detach()
                try wire.remove()
            }
        }

        private static func expected(_ path: String, times: Int = 1) throws -> Tally {
            let accounts = FlowAccounts(of: try Capture(path: path))
            var once = Tally()
            (once.flows, once.totals) = (accounts.flows, accounts.totals)
            return (0..<times).reduce(into: Tally()) { sum, _ in sum.add(once) }
        }

        /// Every shape of frame, whole and cut, and a few thousand flows.
        private static func synthetic() throws -> CaptureFile {
            var frames: [[UInt8]] = FrameShape.all.flatMap { shape in
                let frame = shape.example.bytes
                return [frame] + (14...min(frame.count, 120)).map { Array(frame[..<$0]) }
            }
            for index in 0..<UInt32(6000) {
                let isIPv4 = index % 3 != 0
                let source =
                    isIPv4
                    ? Address(ipv4: 0x0A00_0000 + index % 2000)
                    : Address(ipv6High: 0xFD00 << 48, low: UInt64(index % 1000))
                let frame = Frame(from: source, to: FrameShape.destination(isIPv4: isIPv4)).with {
                    $0.protocol = 6
                    $0.tcpFlags = UInt8(truncatingIfNeeded: index)
                    $0.payload = Int(index % 1400)
                }
                frames.append(frame.bytes)
            }
            return try CaptureFile(
                pcap: frames.enumerated().map { (Timestamp(nanoseconds: Int64($0 + 1) * 1000), $1) })
        }

        @Test(
            "every frame of a capture is counted as replay counts it", arguments: [Attach.native, .generic])
        func everyShape(mode: Attach) throws {
            let capture = try Self.synthetic()
            let expected = try Self.expected(capture.path)
            #expect(expected.totals.frames > 10_000)
            try Self.withWire(mode) { replay in
                let counted = try replay(capture.path, expected.totals.frames)
                #expect(counted == expected)
            }
        }

        @Test(
            "sent from two CPUs at once, no frame is lost or counted twice",
            arguments: [Attach.native, .generic])
        func twoCPUs(mode: Attach) throws {
            let capture = try Self.synthetic()
            let expected = try Self.expected(capture.path, times: 2)
            try Self.withWire(mode, cpus: [0, 1]) { replay in
                let counted = try replay(capture.path, expected.totals.frames)
                #expect(counted == expected)
            }
        }

        private static let captures = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../shared/captures/pcap").standardizedFileURL

        @Test(
            "recorded traffic is counted as replay counts it",
            .enabled(
                if: FileManager.default.fileExists(atPath: captures.path),
                "needs recorded captures in ../shared/captures"),
            arguments: [Attach.native, .generic])
        func recorded(mode: Attach) throws {
            let directory = FileManager.default.temporaryDirectory.appending(
                path: "sluice-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            try #require(!Self.names.isEmpty)
            // A flood of 100,000 forged sources among them, of which not one may find its set full.
            try Self.withWire(mode, slotsPerCPU: 1 << 20) { replay in
                for name in Self.names {
                    let capture = directory.appending(path: "\(name).pcap").path
                    try command([
                        "zstd", "-dqf", "\(Self.captures.path)/\(name).pcap.zst", "-o", capture,
                    ])
                    let expected = try Self.expected(capture)
                    #expect(expected.totals.frames > 0)
                    #expect(try replay(capture, expected.totals.frames) == expected, "\(name)")
                }
            }
        }

        private static let names = files.map { String($0.prefix { $0 != "." }) }.sorted()
        private static let files = (try? FileManager.default.contentsOfDirectory(atPath: captures.path)) ?? []
    }
}
