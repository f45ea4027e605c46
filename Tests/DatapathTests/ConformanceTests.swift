import Datapath
import Glibc
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("A blocked source gets through in no shape, an allowed one is hit in none")
    struct ConformanceTests {
        private static let sources = [FrameShape.source(isIPv4: true), FrameShape.source(isIPv4: false)]

        @Test("by test runs, with the flow table full of a flood", arguments: ConformanceCase.all)
        func testRuns(situation: ConformanceCase) throws {
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024))
            plane.datapath.beat(deadAfter: nil)
            for index in 0..<UInt32(3000) {
                let source = Address(ipv4: 0x0B00_0000 + index)
                _ = try plane.passes(Frame(from: source, to: FrameShape.destination(isIPv4: true)))
            }
            try plane.datapath.install(situation.rules(around: Self.sources))
            for shape in FrameShape.all {
                for payload in [nil, 0, 1000, 3000] {
                    let frame = shape.example.with { $0.payload = payload ?? $0.payload }
                    #expect(
                        try plane.passes(frame) == situation.passes,
                        "\(shape), payload \(payload ?? frame.payload)")
                }
            }
            #expect(plane.read().totals.aside.packets > 0)
        }

        @Test(
            "on a wire, with minimum to jumbo frames", arguments: [DatapathOptions.Attach.native, .generic])
        func live(mode: DatapathOptions.Attach) throws {
            try Namespace().run {
                let wire = try Wire(mtu: 9000)
                let options = DatapathOptions(slotsPerCPU: 1024, attach: mode)
                let datapath = try Datapath.attach(
                    to: ["near"], bpffs: "/sys/fs/bpf", options: options, now: .now)
                datapath.beat(deadAfter: nil)
                let far = try RawSocket(on: Interface(named: "far"))
                let near = try RawSocket(on: wire.near, receiving: true)
                for situation in ConformanceCase.all {
                    let rules = situation.rules(around: Self.sources)
                    try datapath.install(rules)
                    var sent = 0
                    for shape in FrameShape.all {
                        for payload in [0, 6, 1000, 8000] {
                            // A tag on a frame of full size does not fit the wire.
                            if far.send(shape.example.with { $0.payload = payload }.bytes) { sent += 1 }
                        }
                    }
                    usleep(20_000)
                    #expect(sent > FrameShape.all.count * 3)
                    #expect(
                        near.received().count == (situation.passes ? sent : 0),
                        "\(situation.testDescription), \(mode)")
                    let totals = datapath.read(at: .now).totals
                    #expect(totals.dropped.packets == (situation.passes ? 0 : UInt64(sent)))
                    try datapath.remove(rules)
                }
                try datapath.detach()
                try wire.remove()
            }
        }

        @Test("another address of a banned /64 is blocked, and one of the next /64 is not")
        func accountedPrefix() throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            let source = FrameShape.source(isIPv4: false)
            try plane.datapath.install([
                Rule(
                    id: 1, match: .source(Prefix(source, length: 64)), action: .deny, origin: .automatic)
            ])
            for shape in FrameShape.all where !shape.isIPv4 {
                let destination = FrameShape.destination(isIPv4: false)
                let same = Address(ipv6High: source.high, low: ~source.low)
                let next = Address(ipv6High: source.high + 1, low: source.low)
                #expect(try !plane.passes(shape.frame(from: same, to: destination)), "\(shape)")
                #expect(try plane.passes(shape.frame(from: next, to: destination)), "\(shape)")
            }
        }

        @Test("the last rule for which there is room holds like the first", arguments: [true, false])
        func fullPrefixTable(isIPv4: Bool) throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            let source = FrameShape.source(isIPv4: isIPv4)
            let others = (0..<UInt32(65535)).map { index in
                let prefix =
                    isIPv4
                    ? Prefix(Address(ipv4: 0x0A00_0000 + index << 2), length: 30)
                    : Prefix(Address(ipv6High: 0xFD00 << 48 | UInt64(index) << 16, low: 0), length: 48)
                return Rule(id: index + 10, match: .source(prefix), action: .deny, origin: .automatic)
            }
            let last = Rule(
                id: 1, match: .source(Prefix(source, length: isIPv4 ? 30 : 48)), action: .deny,
                origin: .automatic)
            try plane.datapath.install(others)
            try plane.datapath.install([last])
            for shape in FrameShape.all where shape.isIPv4 == isIPv4 {
                #expect(try !plane.passes(shape.example), "\(shape)")
            }
            let stranger = isIPv4 ? Address(ipv4: 0x0C00_0001) : Address(ipv6High: 0xFC00 << 48, low: 1)
            let destination = FrameShape.destination(isIPv4: isIPv4)
            #expect(try plane.passes(Frame(from: stranger, to: destination)))
        }
    }
}
