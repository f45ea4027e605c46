import BPF
import Datapath
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("The program behind ours")
    struct ChainTests {
        private static let xdpDrop: UInt64 = 1
        private static let xdpTransmit: UInt64 = 3

        @Test(
            "a passing packet gets the verdict of the program behind ours, and a dropped one never reaches it"
        )
        func chained() throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            let blocked = FrameShape.source(isIPv4: true)
            try plane.datapath.install([
                Rule(id: 1, match: .source(Prefix(blocked)), action: .deny, origin: .automatic)
            ])
            let dropped = FrameShape.all[0].example.bytes
            let passing = FrameShape.all[0].frame(from: Address(ipv4: 0x0A01_0203), to: blocked).bytes
            #expect(try plane.passes(passing))
            try plane.datapath.chain(to: plane.chained)
            for verdict in [Self.xdpTransmit, Self.xdpDrop] {
                plane.chainedVerdict = verdict
                #expect(try UInt64(plane.datapath.testRun(passing).action) == verdict)
                #expect(try !plane.passes(dropped))
            }
            #expect(plane.chainedRuns == 2)
            try plane.datapath.chain(to: nil)
            #expect(try plane.passes(passing))
            #expect(plane.chainedRuns == 2)
            let totals = plane.read().totals
            #expect(totals.flow.packets == 4)
            #expect(totals.dropped.packets == 2)
        }

        @Test("emptying an empty slot is no error")
        func empty() throws {
            let plane = try TestPlane()
            try plane.datapath.chain(to: nil)
        }
    }
}
