import BPF
import Datapath
import Glibc
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("Interfaces that come and go")
    struct InterfaceTests {
        /// Attaches as the agent does, with one source of each family blocked.
        private static func attach(
            _ names: [String], _ attach: DatapathOptions.Attach = .auto
        ) throws -> Datapath {
            let datapath = try Datapath.attach(
                to: names, bpffs: "/sys/fs/bpf", options: DatapathOptions(attach: attach),
                rules: LiveTests.block(LiveTests.sources), now: .now)
            datapath.beat(deadAfter: nil)
            return datapath
        }

        /// Two wires in a namespace, `a` to `a-far` and `b` to `b-far`.
        private static func withWires(_ body: () throws -> Void) throws {
            try Namespace().run {
                for name in ["a", "b"] { try makeWire(name) }
                try body()
                for name in Interface.names() where name != "lo" && !name.hasSuffix("far") {
                    try? command("ip link del dev \(name)")
                }
            }
        }

        private static func makeWire(_ name: String) throws {
            try command("ip link add name \(name) type veth peer name \(name)-far")
            for end in [name, "\(name)-far"] { try command("ip link set dev \(end) addrgenmode none up") }
        }

        /// Which sources get through from `far` to `name`: of one blocked and one other of each family.
        private static func arrivals(at name: String, from far: String) throws -> [Address] {
            let (out, receiver) = (
                try RawSocket(on: Interface(named: far)),
                try RawSocket(on: Interface(named: name), receiving: true)
            )
            for source in LiveTests.sources + strangers {
                let frame = Frame(from: source, to: FrameShape.destination(isIPv4: source.isIPv4))
                #expect(out.send(frame.bytes))
            }
            LiveTests.settle()
            return receiver.received().compactMap {
                if case .flow(let key) = Expected($0) { key.source } else { nil }
            }
        }

        private static let strangers = [Address(ipv4: 0x0A01_0203), Address(ipv6High: 0xFD00 << 48, low: 9)]

        private static func pinnedLinks() -> Int {
            let pins = "/sys/fs/bpf/sluice/net-\(PinDirectory.networkNamespace)"
            return Files.names(in: pins).count { $0.hasPrefix("link_") }
        }

        private static func troubles(_ datapath: Datapath) -> [String] {
            datapath.interfaces.compactMap(\.trouble)
        }

        @Test("when one goes the other stays guarded, and when it is back under another index so is it")
        func returning() throws {
            try Self.withWires {
                let datapath = try Self.attach(["a", "b"])
                let index = try Interface(named: "a").index
                try command("ip link del dev a")
                #expect(datapath.tend() == [])
                #expect(Self.troubles(datapath).count == 1)
                #expect(Self.troubles(datapath).first?.contains("the interface a is not there") == true)
                #expect(Self.pinnedLinks() == 1)
                #expect(try Self.arrivals(at: "b", from: "b-far") == Self.strangers)
                try Self.makeWire("a")
                #expect(try Interface(named: "a").index != index)
                #expect(datapath.tend() == ["a is there, and guarded (native)"])
                #expect(datapath.tend() == [])
                #expect(Self.troubles(datapath) == [])
                #expect(try Self.arrivals(at: "a", from: "a-far") == Self.strangers)
                #expect(Self.pinnedLinks() == 2)
                try datapath.detach()
            }
        }

        @Test(
            "one that is missing at the start is guarded when it comes, and the only one is counted both ways"
        )
        func late() throws {
            try Self.withWires {
                try command("ip link del dev a")
                let both = try Self.attach(["a", "b"])
                #expect(Self.troubles(both).count == 1)
                try Self.makeWire("a")
                #expect(both.tend().count == 1)
                #expect(try Self.arrivals(at: "a", from: "a-far") == Self.strangers)
                try both.detach()

                let single = try Self.attach(["b"])
                try command("ip link del dev b")
                #expect(single.tend() == [])
                try Self.makeWire("b")
                #expect(single.tend().count == 1)
                _ = single.read(at: .now)
                #expect(try RawSocket(on: Interface(named: "b")).send(FrameShape.all[0].example.bytes))
                LiveTests.settle()
                #expect(single.read(at: .now).totals.flow.packets == 1)
                try single.detach()
                #expect(try LiveTests.isUntouched(Interface(named: "b")))
            }
        }

        @Test("if none of them is there the start fails, and those that are there are named")
        func noInterface() throws {
            try Self.withWires {
                let error = #expect(throws: DatapathError.self) { try Self.attach(["eth7", "eth8"]) }
                #expect(error?.description.contains("'eth7'") == true)
                #expect(error?.description.contains("a-far") == true)
                #expect(Self.pinnedLinks() == 0)
            }
        }

        @Test("one that goes down and up again is guarded as before")
        func downAndUp() throws {
            try Self.withWires {
                let datapath = try Self.attach(["a"])
                try command("ip link set dev a down")
                #expect(datapath.tend() == [] && Self.troubles(datapath) == [])
                try command("ip link set dev a up")
                #expect(datapath.tend() == [] && Self.troubles(datapath) == [])
                #expect(try Self.arrivals(at: "a", from: "a-far") == Self.strangers)
                try datapath.detach()
            }
        }

        @Test(
            "a renamed one stays guarded, is attached once, and is found by the next agent under its new name"
        )
        func renamed() throws {
            try Self.withWires {
                var datapath: Datapath? = try Self.attach(["a"])
                try command("ip link set dev a name c")
                #expect(datapath?.tend() == [])
                #expect(datapath.map(Self.troubles)?.first?.contains("a is called c now") == true)
                #expect(try Self.arrivals(at: "c", from: "a-far") == Self.strangers)
                try command("ip link set dev c name a")
                #expect(datapath?.tend() == [])
                #expect(datapath.map(Self.troubles) == [])
                try command("ip link set dev a name c")
                datapath = nil
                let next = try Self.attach(["c"])
                #expect(next.isAdopted)
                #expect(Self.pinnedLinks() == 1)
                #expect(try Self.arrivals(at: "c", from: "a-far") == Self.strangers)
                try next.detach()
                #expect(try LiveTests.isUntouched(Interface(named: "c")))
            }
        }

        @Test("two that exchange their names are both guarded, each once")
        func exchanged() throws {
            try Self.withWires {
                let datapath = try Self.attach(["a", "b"])
                for (old, new) in [("a", "c"), ("b", "a"), ("c", "b")] {
                    try command("ip link set dev \(old) name \(new)")
                }
                #expect(datapath.tend().count == 2)
                #expect(datapath.tend() == [] && Self.troubles(datapath) == [])
                #expect(try Self.arrivals(at: "b", from: "a-far") == Self.strangers)
                #expect(try Self.arrivals(at: "a", from: "b-far") == Self.strangers)
                #expect(Self.pinnedLinks() == 2)
                try datapath.detach()
            }
        }

        @Test("when another one takes the name the program moves there, and the old one is let go")
        func nameTaken() throws {
            try Self.withWires {
                let datapath = try Self.attach(["a"])
                try command("ip link set dev a name c")
                try command("ip link set dev b name a")
                #expect(datapath.tend() == ["a is another interface now, and guarded (native)"])
                #expect(try Self.arrivals(at: "a", from: "b-far") == Self.strangers)
                #expect(try Self.arrivals(at: "c", from: "a-far").count == 4)
                #expect(try LiveTests.isUntouched(Interface(named: "c")))
                #expect(Self.pinnedLinks() == 1)
                try datapath.detach()
                #expect(try LiveTests.isUntouched(Interface(named: "a")))
            }
        }

        @Test("a mode that is insisted on holds for what an earlier agent left, and the rules with it")
        func insisting() throws {
            try Self.withWires {
                var datapath: Datapath? = try Self.attach(["a", "b"], .generic)
                for (attach, mode) in [
                    (DatapathOptions.Attach.auto, XDPMode.generic), (.native, .native), (.auto, .native),
                    (.generic, .generic),
                ] {
                    datapath = nil
                    datapath = try Self.attach(["a", "b"], attach)
                    #expect(datapath?.isAdopted == true)
                    #expect(datapath?.attachments.map(\.mode) == [mode, mode])
                    #expect(try Self.arrivals(at: "a", from: "a-far") == Self.strangers)
                    #expect(Self.pinnedLinks() == 2)
                }
                try datapath?.detach()
            }
        }

        @Test("native mode that cannot be had is said so, or refused, and what was attached goes on")
        func noNativeMode() throws {
            try Self.withWires {
                try command("ip link add name c type bridge")
                var datapath: Datapath? = try Self.attach(["c"])
                #expect(datapath?.attachments.map(\.mode) == [.generic])
                #expect(datapath?.attachments.first?.remark?.contains("native mode") == true)
                datapath = nil
                let error = #expect(throws: DatapathError.self) { try Self.attach(["c"], .native) }
                #expect(error?.description.contains("cannot attach to c") == true)
                let index = try Interface(named: "c").index
                #expect(XDPHook.occupant(ofInterface: index)?.mode == .generic)
                datapath = try Self.attach(["c"])
                #expect(datapath?.isAdopted == true)
                try datapath?.detach()
                #expect(try LiveTests.isUntouched(Interface(named: "c")))
            }
        }
    }
}
