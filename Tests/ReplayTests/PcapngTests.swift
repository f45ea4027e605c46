import Replay
import TestSupport
import Testing
import Traffic

@Suite("pcapng")
struct PcapngTests {
    private static let frame = FrameShape.all[0].example.bytes

    private static func accounts(_ blocks: [UInt8]) throws -> FlowAccounts {
        FlowAccounts(of: try CaptureFile(blocks).open())
    }

    @Test("each interface is read by its own link type")
    func linkTypes() throws {
        let accounts = try Self.accounts(
            CaptureFile.section + CaptureFile.interface(snapshot: 0)
                + CaptureFile.interface(linkType: 101, snapshot: 0)
                + CaptureFile.packet(on: 1, at: 1, Array(Self.frame[14...]))
                + CaptureFile.packet(on: 0, at: 2, Self.frame))
        #expect(accounts.failure == nil)
        #expect(
            accounts.flows.values.map(\.self) == [
                Count(packets: 2, bytes: UInt64(2 * Self.frame.count - 14))
            ])
    }

    @Test("interfaces of a link type that is not known are named, their frames counted, and the others read")
    func unknown() throws {
        let file = try CaptureFile(
            CaptureFile.section + CaptureFile.interface(snapshot: 0)
                + CaptureFile.interface(
                    linkType: 105, snapshot: 0, options: CaptureFile.option(2, Array("wlan0".utf8)))
                + CaptureFile.packet(on: 1, at: 1, Self.frame) + CaptureFile.packet(on: 0, at: 2, Self.frame)
                + CaptureFile.packet(on: 1, at: 3, Self.frame))
        let accounts = FlowAccounts(of: try file.open())
        #expect(accounts.totals.frames == 1)
        #expect(
            accounts.leftOut.map(\.description) == [
                "\(file.path): interface 2 (wlan0) has link type IEEE802_11, its 2 frames are left out"
            ])
        let source = try CaptureSource([file.open()])
        while let next = source.nextTime { _ = source.read(at: next + .seconds(1)) }
        #expect(source.leftOut == accounts.leftOut)
        #expect(source.totals.frames == 1)
    }

    @Test("a capture of nothing but such an interface is refused, and says why")
    func nothingElse() throws {
        let file = try CaptureFile(
            CaptureFile.section + CaptureFile.interface(linkType: 105, snapshot: 0)
                + CaptureFile.packet(on: 0, at: 1, Self.frame))
        let error = #expect(throws: CaptureError.self) { try CaptureSource([file.open()]) }
        #expect(error?.description.contains("interface 1 has link type IEEE802_11, its 1 frames") == true)
    }

    @Test(
        "of simple packets, the interface's snapshot length says how much is there; they take the time before them"
    )
    func simple() throws {
        let whole = Self.frame + [UInt8](repeating: 0, count: 300)
        let file = try CaptureFile(
            CaptureFile.section + CaptureFile.interface(snapshot: 96)
                + CaptureFile.packet(on: 0, at: 5_000_000, Self.frame)
                + CaptureFile.simplePacket(Array(whole.prefix(96)), length: UInt32(whole.count))
                + CaptureFile.simplePacket(Self.frame, length: UInt32(Self.frame.count)))
        let capture = try file.open()
        var read: [(time: Timestamp, count: Int, length: Int)] = []
        while let next = try unsafe capture.next({ ($0, $1.count, $2) }) { read.append(next) }
        #expect(read.map(\.count) == [Self.frame.count, 96, Self.frame.count])
        #expect(read.map(\.length) == [Self.frame.count, whole.count, Self.frame.count])
        #expect(read.map(\.time) == [Timestamp](repeating: Timestamp(seconds: 5), count: 3))
    }

    @Test("sections of both byte orders are read, each with interfaces of its own")
    func sections() throws {
        let first =
            CaptureFile.section + CaptureFile.interface(linkType: 101, snapshot: 0)
            + CaptureFile.packet(on: 0, at: 1, Array(Self.frame[14...]))
        let second =
            CaptureFile.section + CaptureFile.interface(snapshot: 0)
            + CaptureFile.packet(on: 0, at: 2, Self.frame)
            + CaptureFile.simplePacket(Self.frame, length: UInt32(Self.frame.count))
        for blocks in [first + CaptureFile.swapped(second), CaptureFile.swapped(first) + second] {
            let accounts = try Self.accounts(blocks)
            #expect(accounts.failure == nil)
            #expect(accounts.flows.values.map(\.packets) == [3])
        }
    }

    @Test("blocks that are not known are stepped over, and the older packet block is read")
    func others() throws {
        let length = UInt32(Self.frame.count).bytes
        let old = CaptureFile.block(2, [0, 0, 0, 0] + UInt64(7_000_000).bytes + length + length + Self.frame)
        let unknown = CaptureFile.block(0x4000_0005, [1, 2, 3])
        let file = try CaptureFile(
            CaptureFile.section + unknown + CaptureFile.interface(snapshot: 0) + old + unknown)
        #expect(FlowAccounts(of: try file.open()).totals.flow.packets == 1)
        #expect(try unsafe file.open().next { time, _, _ in time } == Timestamp(seconds: 7))
    }

    @Test(
        "times are in the parts of a second that the interface says, from where it counts",
        arguments: [
            (9, 1_500_000_000, 1.5), (6, 1_500_000, 1.5), (0, 3, 3), (0x81, 3, 1.5), (0x8A, 1536, 1.5),
        ] as [(UInt8, UInt64, Double)])
    func resolution(resolution: UInt8, ticks: UInt64, seconds: Double) throws {
        let options = CaptureFile.option(9, [resolution]) + CaptureFile.option(14, Int64(100).bytes)
        let file = try CaptureFile(
            CaptureFile.section + CaptureFile.interface(snapshot: 0, options: options)
                + CaptureFile.packet(on: 0, at: ticks, Self.frame))
        #expect(try unsafe file.open().next { time, _, _ in time } == Timestamp(seconds: 100 + seconds))
    }

    @Test("what is corrupt is an error that says what; the frames before are there")
    func corrupt() throws {
        let begin =
            CaptureFile.section + CaptureFile.interface(snapshot: 0)
            + CaptureFile.packet(on: 0, at: 1, Self.frame)
        let packet = CaptureFile.packet(on: 0, at: 1, Self.frame)
        let cases: [([UInt8], String)] = [
            (Array(packet.dropLast(5)), "cut off"), (Array(packet.prefix(7)), "cut off"),
            (CaptureFile.packet(on: 3, at: 1, Self.frame), "interface 3, which is not described"),
            (Array(packet.dropLast(4)) + [0, 0, 0, 0], "lengths"),
            ([0, 0, 0, 6] + UInt32(6).bytes, "said to have 6 bytes"),
            (CaptureFile.block(6, [0, 0]), "too short"),
        ]
        for (bytes, reason) in cases {
            let accounts = try Self.accounts(begin + bytes)
            #expect(
                accounts.failure?.reason.contains(reason) == true, "\(reason): \(accounts.failure as Any)")
            #expect(accounts.totals.frames == 1, "\(reason)")
        }
    }
}
