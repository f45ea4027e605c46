import BPF
import Datapath
import Glibc
import TestSupport
import Testing

extension Kernel {
    @Suite("Another XDP program on the interface")
    struct StrangerTests {
        private static func attach(
            _ attach: DatapathOptions.Attach = .auto, replaces: Bool = false
        ) throws -> Datapath {
            try Datapath.attach(
                to: ["near"], bpffs: "/sys/fs/bpf",
                options: DatapathOptions(attach: attach, replaces: replaces), now: .now)
        }

        private static func program(on wire: Wire) -> UInt32? {
            XDPHook.occupant(ofInterface: wire.near.index)?.program
        }

        /// A wire with Debian's `xdp-filter` on it, which leaves pins of its maps.
        private static func withFilter(_ mode: String, _ body: (Wire) throws -> Void) throws {
            try Namespace().run {
                let wire = try Wire()
                try command("xdp-filter load --mode \(mode) near")
                defer { removeFilterPins() }
                try body(wire)
                try wire.remove()
            }
        }

        private static func removeFilterPins() {
            for pin in Files.tree("/sys/fs/bpf/xdp-filter") { unsafe unlink(pin) }
            unsafe rmdir("/sys/fs/bpf/xdp-filter")
        }

        @Test(
            "is refused by name, number and tag, with its owner and what to do", arguments: ["native", "skb"])
        func refused(mode: String) throws {
            try Self.withFilter(mode) { wire in
                let id = try #require(Self.program(on: wire))
                let info = try #require(ProgramInfo(id: id))
                for attach in [DatapathOptions.Attach.auto, .native, .generic] {
                    let error = #expect(throws: DatapathError.self) { try Self.attach(attach) }
                    let text = error?.description ?? ""
                    for word in [
                        "'\(info.name)'", "id \(id)", "tag \(info.tag)", "holds near", "xdp-filter",
                        "--replace",
                        "ip link set dev near xdp off",
                    ] {
                        #expect(text.contains(word), "\(word) in: \(text)")
                    }
                    #expect(Self.program(on: wire) == id)
                }
            }
        }

        @Test("gives its place to ours if asked to, and is not put back", arguments: ["native", "skb"])
        func replaced(mode: String) throws {
            try Self.withFilter(mode) { wire in
                let id = Self.program(on: wire)
                let datapath = try Self.attach(replaces: true)
                #expect(Self.program(on: wire) != id)
                let remark = datapath.attachments.first?.remark ?? ""
                #expect(
                    remark.contains("took the place of '") && remark.contains("not put back"), "\(remark)")
                #expect(datapath.attachments.first?.mode == .native)
                try datapath.detach()
                #expect(Self.program(on: wire) == nil)
            }
        }

        @Test("that holds on by a link, or by a pin of it, is named by that and gives its place, too")
        func link() throws {
            try Namespace().run {
                let wire = try Wire()
                let stranger = try TestPlane().attach(to: wire.near)
                let pin = "/sys/fs/bpf/sluice-test-\(getpid())"
                try stranger.pin(at: pin)
                defer { unsafe unlink(pin) }
                let error = #expect(throws: DatapathError.self) { try Self.attach() }
                #expect(error?.description.contains("pinned at \(pin)") == true)
                let datapath = try Self.attach(replaces: true)
                #expect(try stranger.interface() == 0)
                #expect(datapath.attachments.map(\.isAlive) == [true])
                try datapath.detach()
                try wire.remove()
            }
        }

        @Test("is put back if ours cannot be attached")
        func putBack() throws {
            try Namespace().run {
                try command("ip link add name near type bridge")
                try command("xdp-filter load --mode skb near")
                defer { Self.removeFilterPins() }
                let near = try Interface(named: "near")
                let before = XDPHook.occupant(ofInterface: near.index)
                #expect(throws: DatapathError.self) { try Self.attach(.native, replaces: true) }
                #expect(before != nil && XDPHook.occupant(ofInterface: near.index) == before)
            }
        }
    }
}
