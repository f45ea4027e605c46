import Replay
import TestSupport
import Testing
import Traffic

@Suite("Replay on the capture's clock")
struct CaptureSourceTests {
    private typealias Timed = (time: Timestamp, bytes: [UInt8])

    /// Random traffic of a few thousand flows over some seconds, hostile frames included.
    private static func traffic(_ random: inout SeededGenerator, frames: Int) -> [Timed] {
        var time: Int64 = 1_600_000_000_000_000_000
        return (0..<frames).map { _ in
            time += Int64.random(in: 0...2_000_000, using: &random)
            let shape = FrameShape.all[Int.random(in: FrameShape.all.indices, using: &random)]
            var bytes = shape.example.with { $0.sourcePort = .random(in: 0...3000, using: &random) }.bytes
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0..<bytes.count - 1, using: &random))
            }
            return (Timestamp(nanoseconds: time), bytes)
        }
    }

    private struct Sum: Equatable {
        var flows: [FlowKey: Count] = [:]
        var totals = Totals()
    }

    private static func sum(_ source: CaptureSource, step: Duration) throws -> Sum {
        var sum = Sum()
        var now = source.firstTime
        while source.nextTime != nil {
            now = now + step
            let reading = source.read(at: now)
            sum.totals += reading.totals
            #expect(reading.end == now)
            #expect(reading.samples.allSatisfy { $0.last < now })
            #expect(Set(reading.samples.map(\.key)).count == reading.samples.count)
            for sample in reading.samples {
                sum.flows[sample.key, default: Count()] += Count(packets: sample.packets, bytes: sample.bytes)
            }
        }
        #expect(source.totals == sum.totals)
        return sum
    }

    @Test("however reading is cut into steps, the sum is the same, and what the frames say")
    func steps() throws {
        var random = SeededGenerator()
        let traffic = Self.traffic(&random, frames: 4000)
        var expected = Sum()
        for (_, bytes) in traffic {
            let one = Count(packets: 1, bytes: UInt64(bytes.count))
            switch Expected(bytes) {
            case .flow(let key):
                expected.flows[key, default: Count()] += one
                expected.totals.flow += one
            case .malformed(let reason): expected.totals.malformations[reason, default: Count()] += one
            case .other: expected.totals.other += one
            }
        }
        let file = try CaptureFile(pcap: traffic)
        let accounts = FlowAccounts(of: try file.open())
        #expect(accounts.flows == expected.flows, "\(random)")
        #expect(accounts.totals == expected.totals, "\(random)")
        for step in [Duration.milliseconds(3), .milliseconds(250), .seconds(1), .seconds(3600)] {
            let source = try CaptureSource([file.open()])
            #expect(try Self.sum(source, step: step) == expected, "steps of \(step), \(random)")
        }
    }

    @Test("of frames that were cut when they were captured, the lengths on the wire count")
    func snapshot() throws {
        let time = Timestamp(nanoseconds: 1_600_000_000_000_000_000)
        let shapes = FrameShape.all.prefix(8).map(\.example.bytes)
        let frames = shapes.map { (time, $0 + [UInt8](repeating: 0, count: 1400 - $0.count)) }
        let whole = try Self.sum(CaptureSource([CaptureFile(pcap: frames).open()]), step: .seconds(1))
        let cut = try Self.sum(
            CaptureSource([CaptureFile(pcap: frames, snapshot: 128).open()]), step: .seconds(1))
        #expect(cut == whole)
        let accounts = FlowAccounts(of: try CaptureFile(pcap: frames, snapshot: 128).open())
        #expect(accounts.flows == whole.flows)
        #expect(accounts.totals == whole.totals)
    }

    @Test("several captures are read one after the other, empty ones in between stepped over")
    func several() throws {
        var random = SeededGenerator()
        let traffic = Self.traffic(&random, frames: 600)
        let whole = try CaptureFile(pcap: traffic)
        let parts = [
            try CaptureFile(pcap: []), try CaptureFile(pcap: Array(traffic[..<200])),
            try CaptureFile(pcap: []),
            try CaptureFile(pcap: Array(traffic[200...])), try CaptureFile(pcap: []),
        ]
        let one = try Self.sum(CaptureSource([whole.open()]), step: .milliseconds(250))
        let many = try Self.sum(CaptureSource(parts.map { try $0.open() }), step: .milliseconds(250))
        #expect(one == many, "\(random)")
    }

    @Test("more flows in one step than the table holds are all counted in it")
    func manyFlows() throws {
        let count = 100_000
        let frames: [Timed] = (0..<count).map { index in
            let frame = Frame(
                from: Address(ipv4: UInt32(index) &* 2_654_435_761), to: FrameShape.destination(isIPv4: true))
            return (Timestamp(nanoseconds: Int64(index)), frame.bytes)
        }
        let file = try CaptureFile(pcap: frames + frames)
        let reading = try CaptureSource([file.open()]).read(at: Timestamp(seconds: 1))
        #expect(reading.samples.count == count)
        #expect(reading.samples.allSatisfy { $0.packets == 2 })
        #expect(reading.totals.aside.packets == 0)
        let again = try CaptureSource([file.open()]).read(at: Timestamp(seconds: 1))
        // Not in the expectation itself, which would print all of them.
        let isSame = again.samples == reading.samples
        #expect(isSame, "the order too is the same in every run")
    }

    @Test("captures without a frame are an error")
    func noFrame() throws {
        let empty = try CaptureFile(pcap: [])
        let error = #expect(throws: CaptureError.self) { try CaptureSource([empty.open()]) }
        #expect(error?.description == "\(empty.path): holds no frame")
        #expect(throws: CaptureError.self) { try CaptureSource([]) }
    }
}
