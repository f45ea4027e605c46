import BPF
import Datapath
import Features
import Foundation
import Replay
import TestSupport
import Testing
import Traffic

extension Kernel {
    /// What the agent learns live must be what it would have learned from a capture.
    @Suite("Windows, live and replayed")
    struct WindowTests {
        private static let step = Duration.milliseconds(200)
        private static let start = Timestamp(nanoseconds: 1_700_000_000_123_456_789)

        /// Windows of both views, reading by reading.
        private struct Windows {
            var texts: [[String]] = []
            var features: [[UInt32]] = []
            var keys: [[FlowKey]] = []

            mutating func add(_ reading: Reading, _ builder: inout WindowBuilder) {
                let batches = builder.observe(reading)
                for batch in [batches.source, batches.destination] {
                    texts.append(batch.windows.map { "\($0)" })
                    features.append(batch.features.map(\.bitPattern))
                }
                keys.append(reading.samples.map(\.key))
            }

            var count: Int { texts.reduce(0) { $0 + $1.count } }

            /// Whether they are the same to the bit, though built of flows in another order.
            func isAlike(_ other: Windows) -> Bool {
                texts == other.texts && features == other.features && keys != other.keys
            }
        }

        /// A reading's frames.
        private struct Part {
            let end: Timestamp
            let frames: [(Timestamp, [UInt8])]
        }

        /// What replay builds, and the frames of the capture by reading.
        private static func replay(_ path: String) throws -> (Windows, [Part]) {
            var windows = Windows()
            var builder = WindowBuilder()
            let source = try CaptureSource([Capture(path: path)])
            let capture = try Capture(path: path)
            var frames: [(Timestamp, [UInt8])] = []
            while let frame = try unsafe capture.next({ time, bytes, _ in unsafe (time, Array(bytes)) }) {
                frames.append(frame)
            }
            var parts: [Part] = []
            var (now, next) = (source.firstTime, 0)
            // Two minutes without idle spans, which replay steps over too.
            while let time = source.nextTime, parts.count < 600 {
                now = max(now, time - step) + step
                windows.add(source.read(at: now), &builder)
                let first = next
                while next < frames.count, frames[next].0 < now { next += 1 }
                parts.append(Part(end: now, frames: Array(frames[first..<next])))
            }
            return (windows, parts)
        }

        /// So many frames go to one CPU before it is another's turn: a prime, so that handshakes are cut everywhere.
        private static let turn = 7

        /// What the agent builds from the program's flows, if it ran at the capture's times, its frames on one CPU or another.
        ///
        /// They keep their order, on which it depends who has proven his address: no ACK comes before what it acknowledges.
        private static func live(_ parts: [Part], from start: Timestamp) throws -> Windows {
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1 << 12), from: start)
            let cpus = try Machine.possibleCPUs()
            var windows = Windows()
            var builder = WindowBuilder()
            for part in parts {
                let frames = part.frames
                for (index, first) in stride(from: 0, to: frames.count, by: turn).enumerated() {
                    let own = frames[first..<min(first + turn, frames.count)]
                    let sender = Sender(cpu: index % cpus) {
                        for (time, frame) in own {
                            plane.now = UInt64(time.nanoseconds)
                            _ = try? plane.datapath.testRun(frame)
                        }
                        return Count()
                    }
                    sender.start()
                    sender.join()
                }
                let reading = plane.datapath.read(at: part.end, counter: UInt64(part.end.nanoseconds))
                #expect(reading.totals.aside.packets == 0)
                #expect(reading.totals.frames == UInt64(frames.count))
                windows.add(reading, &builder)
            }
            return windows
        }

        /// Eight seconds of connections, questions, pings, probes and fragments of both families.
        private static func synthetic() throws -> CaptureFile {
            var random = SeededGenerator(seed: 11)
            var frames: [(Timestamp, [UInt8])] = []
            func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
            for _ in 0..<700 {
                let isIPv4 = below(2) == 0
                let client =
                    isIPv4
                    ? Address(ipv4: 0x0A00_0001 + UInt32(below(20)))
                    : Address(ipv6High: 0x2001_0DB8_0001_0000 + UInt64(below(3)), low: UInt64(1 + below(9)))
                let server =
                    isIPv4
                    ? Address(ipv4: 0xC633_6401 + UInt32(below(9)))
                    : Address(ipv6High: 0x2001_0DB8_00FF_0000, low: UInt64(1 + below(9)))
                let port = UInt16(1_024 + below(5_000))
                var time = start + .milliseconds(below(8_000))
                let kind = below(5)
                func send(_ isOut: Bool, _ change: (inout Frame) -> Void) {
                    var frame = Frame(from: isOut ? client : server, to: isOut ? server : client)
                    change(&frame)
                    frames.append((time, frame.bytes))
                    time = time + .microseconds(below(60_000))
                }
                func tcp(_ isOut: Bool, _ flags: UInt8, payload: Int, service: UInt16) {
                    send(isOut) {
                        ($0.protocol, $0.tcpFlags, $0.payload) = (6, flags, payload)
                        ($0.sourcePort, $0.destinationPort) = isOut ? (port, service) : (service, port)
                    }
                }
                switch kind {
                case 0, 1:
                    let service: UInt16 = kind == 0 ? 443 : 22
                    tcp(true, 2, payload: 0, service: service)
                    tcp(false, 18, payload: 0, service: service)
                    for _ in 0..<1 + below(9) {
                        tcp(true, 16, payload: below(1_000), service: service)
                        tcp(false, 24, payload: below(1_400), service: service)
                    }
                    tcp(true, 17, payload: 0, service: service)
                case 2:
                    for _ in 0..<1 + below(20) {
                        tcp(true, 2, payload: 0, service: UInt16(1 + below(1_000)))
                        if below(2) == 0 { tcp(false, 20, payload: 0, service: UInt16(1 + below(1_000))) }
                    }
                case 3:
                    send(true) { ($0.sourcePort, $0.payload) = (port, 40) }
                    send(false) { ($0.sourcePort, $0.destinationPort, $0.payload) = (53, port, 200) }
                default:
                    let (number, request, reply): (UInt8, UInt16, UInt16) =
                        isIPv4 ? (1, 8 << 8, 0) : (58, 128 << 8, 129 << 8)
                    for _ in 0..<1 + below(5) {
                        send(true) { ($0.protocol, $0.sourcePort) = (number, request) }
                        send(false) { ($0.protocol, $0.sourcePort) = (number, reply) }
                    }
                }
            }
            frames += FrameShape.all.enumerated().map { index, shape in
                (start + .milliseconds(index * 20), shape.example.bytes)
            }
            return try CaptureFile(pcap: frames.sorted { $0.0 < $1.0 })
        }

        private static func expectAlike(_ path: String) throws {
            let (replayed, parts) = try replay(path)
            let start = try CaptureSource([Capture(path: path)]).firstTime
            // Each has another hash, so that flows stand elsewhere in the table.
            let (one, other) = (try live(parts, from: start), try live(parts, from: start))
            #expect(replayed.count > 10)
            #expect(one.isAlike(other) && one.isAlike(replayed) && other.isAlike(replayed))
        }

        @Test("flows of the program, on any CPU and in any order, make the windows of replay, to the bit")
        func anyPlace() throws {
            let capture = try Self.synthetic()
            try withExtendedLifetime(capture) { try Self.expectAlike(capture.path) }
        }

        private static let captures = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../shared/captures/pcap").standardizedFileURL

        @Test(
            "so do those of recorded traffic",
            .enabled(
                if: FileManager.default.fileExists(atPath: captures.path),
                "needs recorded captures in ../shared/captures"),
            arguments: ["a_nmap_udp_scan", "b_dns_normal_0", "b_web_office", "b_web_dualstack"])
        func recorded(name: String) throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appending(path: "\(name).pcap").path
            try command(["zstd", "-dqf", "\(Self.captures.path)/\(name).pcap.zst", "-o", path])
            try Self.expectAlike(path)
        }

        @Test("readings of a wire make the same windows when their flows are read in another order")
        func wire() throws {
            let capture = try Self.synthetic()
            try Namespace().run {
                let wire = try Wire()
                let datapath = try Datapath.attach(
                    to: ["near"], bpffs: "/sys/fs/bpf",
                    options: DatapathOptions(slotsPerCPU: 1 << 15), now: .now)
                var builder = WindowBuilder()
                var another = WindowBuilder()
                var (windows, sorted) = (Windows(), Windows())
                for _ in 0..<6 {
                    try command(["tcpreplay", "-q", "-t", "-i", "far", capture.path])
                    var reading = datapath.read(at: .now)
                    windows.add(reading, &builder)
                    reading.samples.sort { $0.key < $1.key }
                    sorted.add(reading, &another)
                }
                #expect(windows.count > 100 && windows.isAlike(sorted))
                try datapath.detach()
                try wire.remove()
            }
        }
    }
}
