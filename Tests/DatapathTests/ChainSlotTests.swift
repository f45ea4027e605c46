import BPF
import Datapath
import Glibc
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("The slot behind ours")
    struct ChainSlotTests {
        private static let bpffs = "/sys/fs/bpf"
        private static let testObject = TestPlane.objectPath

        /// An object of Debian's package xdp-tools or libxdp1.
        private static func debian(_ name: String) throws -> String {
            let paths: [String] = Files.names(in: "/usr/lib").map { "/usr/lib/\($0)/bpf/\(name)" }
            let found = paths.first { unsafe access($0, F_OK) == 0 }
            return try #require(found, "no \(name); scripts/setup test installs it")
        }

        private static func attach(slotsPerCPU: Int = 16384) throws -> Datapath {
            try Datapath.attach(
                to: ["near"], bpffs: bpffs, options: DatapathOptions(slotsPerCPU: slotsPerCPU),
                rules: LiveTests.block(LiveTests.sources), now: .now)
        }

        /// Sends, in both families, to port 80, to port 8081, and to port 80 from a source that is blocked.
        ///
        /// - Returns: how many of each came through.
        private static func probe(_ wire: Wire) throws -> [String: Int] {
            let near = try RawSocket(on: wire.near, receiving: true)
            let far = try RawSocket(on: Interface(named: "far"))
            var sent: [[UInt8]: String] = [:]
            for isIPv4 in [true, false] {
                let stranger =
                    isIPv4 ? Address(ipv4: 0x0A01_0203) : Address(ipv6High: 0xFD00 << 48, low: 9)
                for (kind, source, port) in [
                    ("80", stranger, 80), ("8081", stranger, 8081),
                    ("blocked", FrameShape.source(isIPv4: isIPv4), 80),
                ] {
                    let frame = Frame(from: source, to: FrameShape.destination(isIPv4: isIPv4)).with {
                        ($0.protocol, $0.tcpFlags, $0.destinationPort) = (6, 0x02, UInt16(port))
                    }
                    sent[frame.bytes] = kind
                    far.send(frame.bytes)
                }
            }
            LiveTests.settle()
            return near.received().reduce(into: [:]) { counts, frame in
                if let kind = sent[frame] { counts[kind, default: 0] += 1 }
            }
        }

        @Test(
            "xdp-filter behind ours filters what ours passes, ours counts and enforces as before, and takeovers keep both"
        )
        func filters() throws {
            try Namespace().run {
                let wire = try Wire()
                var datapath: Datapath? = try Self.attach()
                datapath?.beat(deadAfter: nil)
                let slot = try ChainSlot(bpffs: Self.bpffs)
                #expect(slot.occupant == nil)
                try slot.put(Self.debian("xdpfilt_alw_all.o"))
                #expect(try Self.probe(wire) == ["80": 2, "8081": 2])
                let occupant = try #require(slot.occupant)
                #expect(occupant.name == "xdpfilt_alw_all" && occupant.pin != nil)
                // TCP (4), destination port (2): the filter keys it in network order.
                let ports = try #require(occupant.maps.first { $0.hasSuffix("filter_ports") })
                try command(
                    "bpftool map update pinned \(ports) key hex 1f 91 00 00 value hex 06 00 00 00 00 00 00 00"
                )
                _ = datapath?.read(at: .now)
                #expect(try Self.probe(wire) == ["80": 2])
                let totals = datapath?.read(at: .now).totals
                #expect(totals?.flow.packets == 4 && totals?.dropped.packets == 2)

                datapath = nil
                datapath = try Self.attach()
                #expect(datapath?.isAdopted == true)
                #expect(try Self.probe(wire) == ["80": 2])

                datapath = nil
                datapath = try Self.attach(slotsPerCPU: 8192)
                #expect(datapath?.isAdopted == false)
                #expect(try Self.probe(wire) == ["80": 2])

                datapath = nil
                let control = "\(try PinDirectory(bpffs: Self.bpffs).path)/map_control"
                let memory = try BPFMap(name: "control", pinnedAt: control).mapMemory()
                unsafe memory.base.storeBytes(of: 99, as: UInt32.self)
                withExtendedLifetime(memory) {}
                datapath = try Self.attach(slotsPerCPU: 8192)
                #expect(datapath?.isAdopted == false)
                #expect(try Self.probe(wire) == ["80": 2])

                let carried = try ChainSlot(bpffs: Self.bpffs)
                #expect(carried.occupant == occupant)
                try carried.clear()
                #expect(carried.occupant == nil)
                #expect(try Self.probe(wire) == ["80": 2, "8081": 2])
                try datapath?.detach()
                try wire.remove()
            }
        }

        @Test("refuses what cannot be chained, says why, and goes on with what it had")
        func refusals() throws {
            try Namespace().run {
                #expect(throws: DatapathError.self) { try ChainSlot(bpffs: Self.bpffs) }
                let wire = try Wire()
                let datapath = try Self.attach()
                let slot = try ChainSlot(bpffs: Self.bpffs)
                let pin = "\(Self.bpffs)/sluice-test-\(getpid())"
                defer { unsafe unlink(pin) }

                let object = try BPFObject(file: Self.testObject)
                try object.load(onlyForTailCalls: "chained")
                try object.program(named: "chained").pin(at: pin)
                try slot.put(pin)
                let held = try #require(slot.occupant)
                #expect(held.name == "chained" && held.maps.isEmpty)
                unsafe unlink(pin)

                let plain = try BPFObject(file: Self.debian("xsk_def_xdp_prog_5.3.o"))
                let name = try #require(plain.xdpPrograms.first)
                try plain.load()
                try plain.program(named: name).pin(at: pin)
                let control = "\(try PinDirectory(bpffs: Self.bpffs).path)/map_control"
                for (path, program, words) in [
                    ("/nowhere/filter.o", nil, "No such file"),
                    ("/etc/passwd", nil, "/etc/passwd"),
                    (try Self.debian("xdpdump_bpf.o"), nil, "no XDP program in"),
                    (Self.testObject, nil, "choose one with --program: sluice_ingress, chained"),
                    (Self.testObject, "other", "no XDP program 'other'"),
                    (pin, nil, "BPF_F_XDP_HAS_FRAGS"),
                    (control, nil, "is no XDP program"),
                ] as [(String, String?, String)] {
                    let error = #expect(throws: (any Error).self) { try slot.put(path, program: program) }
                    let text = error.map { "\($0)" } ?? ""
                    #expect(text.contains(words), "\(words) in: \(text)")
                    #expect(slot.occupant == held)
                }
                try slot.put(Self.testObject, program: "chained")
                #expect(slot.occupant?.maps.contains { $0.hasSuffix("test_chained") } == true)
                try datapath.detach()
                try wire.remove()
            }
        }
    }
}
