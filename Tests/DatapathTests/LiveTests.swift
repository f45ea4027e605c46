import BPF
import CTestSupport
import Datapath
import Glibc
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("On a wire")
    struct LiveTests {
        typealias Attach = DatapathOptions.Attach

        /// Attaches as the agent does, to the near end of a wire in the calling thread's namespace.
        private static func attach(
            to wire: Wire, _ attach: Attach = .auto, slotsPerCPU: Int = 16384, rules: [Rule] = []
        ) throws -> Datapath {
            var options = DatapathOptions(slotsPerCPU: slotsPerCPU)
            options.attach = attach
            let datapath = try Datapath.attach(
                to: ["near"], bpffs: "/sys/fs/bpf", options: options, rules: rules, now: .now)
            datapath.beat(deadAfter: nil)
            return datapath
        }

        private static func withWire(queues: Int = 1, mtu: Int = 1500, _ body: (Wire) throws -> Void) throws {
            try Namespace().run {
                let wire = try Wire(queues: queues, mtu: mtu)
                try body(wire)
                if (try? Interface(named: "near")) != nil { try wire.remove() }
            }
        }

        static func block(_ sources: [Address]) -> [Rule] {
            sources.enumerated().map { index, source in
                Rule(id: UInt32(index + 1), match: .source(Prefix(source)), action: .deny, origin: .automatic)
            }
        }

        static let sources = [FrameShape.source(isIPv4: true), FrameShape.source(isIPv4: false)]

        /// Frames that were sent have arrived: veth hands them over in softirq, by the time of the next system calls.
        static func settle() { usleep(20_000) }

        /// A frame as a socket behind the program gets it: the kernel takes the outer tag off before.
        static func untagged(_ frame: [UInt8]) -> [UInt8] {
            let isTagged = frame[12...13] == [0x81, 0x00] || frame[12...13] == [0x88, 0xa8]
            return isTagged && frame.count >= 18 ? Array(frame[..<12] + frame[16...]) : frame
        }

        @Test(
            "every frame is counted as the plain model counts it, and passes",
            arguments: [Attach.native, .generic])
        func conformance(mode: Attach) throws {
            try Self.withWire { wire in
                let datapath = try Self.attach(to: wire, mode)
                let far = try RawSocket(on: Interface(named: "far"))
                let near = try RawSocket(on: wire.near, receiving: true)
                var expected = Tally()
                var arriving = 0
                func send(_ frame: [UInt8]) {
                    guard far.send(frame) else { return }
                    expected.add(frame)
                    if case .flow = Expected(Self.untagged(frame)) { arriving += 1 }
                }
                _ = near.received()
                for shape in FrameShape.all {
                    let frame = shape.example.bytes
                    for length in 14...min(frame.count, 150) { send(Array(frame[..<length])) }
                    send(frame)
                }
                Self.settle()
                var counted = Tally(datapath.read(at: .now))
                counted.add(Tally(datapath.read(at: .now)))
                #expect(counted.totals.frames > 4000)
                #expect(counted == expected)
                let readable = near.received().count { if case .flow = Expected($0) { true } else { false } }
                #expect(readable == arriving)
                #expect(datapath.attachments.map(\.mode) == [mode == .native ? .native : .generic])
                try datapath.detach()
            }
        }

        @Test(
            "frames larger than a page are counted whole, over several buffers",
            arguments: [Attach.native, .generic])
        func jumbo(mode: Attach) throws {
            try Self.withWire(mtu: 9000) { wire in
                let datapath = try Self.attach(to: wire, mode)
                let far = try RawSocket(on: Interface(named: "far"))
                var expected = Tally()
                for shape in FrameShape.all {
                    for payload in stride(from: 1500, through: 8900, by: 370) {
                        let frame = shape.example.with { $0.payload = payload }.bytes
                        if far.send(frame) { expected.add(frame) }
                    }
                }
                Self.settle()
                #expect(expected.totals.flow.packets > 1000)
                #expect(Tally(datapath.read(at: .now)) == expected)
                try datapath.detach()
            }
        }

        @Test(
            "rules and program outlive the agent, its successor takes both over, and no packet of an attack leaks"
        )
        func survival() throws {
            try Self.withWire { wire in
                let near = try RawSocket(on: wire.near, receiving: true)
                let far = try RawSocket(on: Interface(named: "far"))
                let rules = Self.block(Self.sources)
                let pins = try PinDirectory(bpffs: "/sys/fs/bpf")
                var first: Datapath? = try Self.attach(to: wire, rules: rules)
                #expect(first?.isAdopted == false)
                let attack = Flood(
                    far,
                    Self.sources.map { Frame(from: $0, to: FrameShape.destination(isIPv4: $0.isIPv4)).bytes })
                attack.start()
                Self.settle()
                // As with kill -9: descriptors close, nothing is detached.
                first = nil
                Self.settle()
                let second = try Self.attach(to: wire, rules: rules)
                #expect(second.isAdopted)
                #expect(second.attachments.map(\.isAlive) == [true])
                Self.settle()
                let dropped = try second.counters().map(\.dropped.packets)
                #expect(dropped.count == 2 && dropped.allSatisfy { $0 > 0 })
                // Other options need other maps: another program takes the place of the first on its link.
                let third = try Self.attach(to: wire, slotsPerCPU: 8192, rules: rules)
                #expect(!third.isAdopted)
                Self.settle()
                #expect(try third.counters().allSatisfy { $0.dropped.packets > 0 })
                #expect(attack.stop() > 1000)
                #expect(near.received().isEmpty)
                try third.detach()
                far.send(FrameShape.all[0].example.bytes)
                Self.settle()
                #expect(near.received().count == 1)
                #expect(XDPHook.occupant(ofInterface: wire.near.index) == nil)
                #expect(unsafe access(pins.path, F_OK) != 0, "\(pins.path) is still there")
            }
        }

        @Test(
            "an interface that went and came back while no agent ran is attached anew, and outlives the agent again"
        )
        func recreated() throws {
            try Self.withWire { wire in
                var datapath: Datapath? = try Self.attach(to: wire)
                #expect(datapath?.isAdopted == false)
                datapath = nil
                try wire.remove()
                let other = try Wire()
                datapath = try Self.attach(to: other)
                #expect(datapath?.isAdopted == false)
                datapath = nil
                let adopted = try Self.attach(to: other)
                #expect(adopted.isAdopted)
                #expect(adopted.attachments.map(\.isAlive) == [true])
                try adopted.detach()
                #expect(try Self.isUntouched(other.near))
            }
        }

        @Test("an interface that is not named any more is let go, whatever the killed agent had put there")
        func renamed() throws {
            try Self.withWire { wire in
                var datapath: Datapath? = try Self.attach(to: wire)
                #expect(try !Self.isUntouched(wire.near))
                datapath = nil
                let far = try Interface(named: "far")
                datapath = try Datapath.attach(
                    to: ["far"], bpffs: "/sys/fs/bpf", options: DatapathOptions(), now: .now)
                // A link without a pin lets go when the kernel gets to it.
                Self.settle()
                #expect(try Self.isUntouched(wire.near))
                datapath = nil
                datapath = try Datapath.attach(
                    to: ["far", "near"], bpffs: "/sys/fs/bpf", options: DatapathOptions(), now: .now)
                try datapath?.detach()
                #expect(try Self.isUntouched(wire.near))
                #expect(try Self.isUntouched(far))
            }
        }

        /// Whether there is nothing of ours on an interface: no XDP program, and no egress hook.
        static func isUntouched(_ interface: Interface) throws -> Bool {
            // Exit code 2 where there is no clsact.
            let hasNoHook = (try? command("tc filter add dev \(interface.name) egress matchall")) == nil
            return hasNoHook && XDPHook.occupant(ofInterface: interface.index) == nil
        }

        @Test("what leaves through a single interface is counted too, and never dropped")
        func egress() throws {
            try Self.withWire { wire in
                let datapath = try Self.attach(to: wire)
                try datapath.install(Self.block(Self.sources))
                let out = try RawSocket(on: wire.near)
                let far = try RawSocket(on: Interface(named: "far"), receiving: true)
                var expected = Tally()
                for shape in FrameShape.all {
                    let frame = shape.example.bytes
                    if out.send(frame) { expected.add(frame) }
                }
                Self.settle()
                #expect(Tally(datapath.read(at: .now)) == expected)
                #expect(far.received().count == FrameShape.all.count)
                try datapath.detach()
                out.send(FrameShape.all[0].example.bytes)
                Self.settle()
                #expect(datapath.read(at: .now).totals.frames == 0)
            }
        }

        @Test("a packet that the interface will cut into segments counts as that many frames on its way out")
        func segments() throws {
            try Self.withWire { wire in
                try command("ip address add 198.18.0.1/24 dev near")
                try command("ip neighbour add 198.18.0.2 lladdr 02:00:00:00:00:02 dev near")
                let datapath = try Self.attach(to: wire)
                #expect(test_send_segments(UInt32(0xC612_0002).bigEndian, 10, 1000) == 0)
                Self.settle()
                let reading = datapath.read(at: .now)
                #expect(reading.samples.map(\.packets) == [10])
                #expect(reading.samples.map(\.key.destinationPort) == [9])
                #expect(reading.samples.map(\.maximumLength).allSatisfy { $0 < 1100 })
                try datapath.detach()
            }
        }
    }
}
