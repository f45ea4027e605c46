import Datapath
import TestSupport
import Testing
import Traffic

extension Kernel {
    /// Test runs come in by the loopback interface of their namespace.
    @Suite("Where sources belong, and what a confined one may do")
    struct IngressTests {
        private static let families = [true, false]

        private static func frame(from source: Address, flags: UInt8 = 0x02) -> Frame {
            Frame(from: source, to: FrameShape.destination(isIPv4: source.isIPv4)).with {
                ($0.protocol, $0.tcpFlags, $0.destinationPort) = (6, flags, 443)
            }
        }

        private static func neighbour(_ source: Address) -> Address {
            source.isIPv4
                ? Address(ipv4: UInt32(source.low) ^ 0x0100_0000)
                : Address(ipv6High: source.high ^ 1 << 40, low: source.low)
        }

        @Test(
            "A source of ours that comes in from outside is a martian: in no flow, and dropped where that is wished",
            arguments: families)
        func martians(isIPv4: Bool) throws {
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024))
            let ours = FrameShape.source(isIPv4: isIPv4)
            let home = Prefix(ours, length: isIPv4 ? 24 : 64)
            let frames = [ours, Self.neighbour(ours)].map { Self.frame(from: $0) }
            for drops in [false, true] {
                try plane.datapath.bind(Ingress(homes: [home], outside: ["lo"], dropsMartians: drops))
                #expect(try plane.passes(frames[0]) == !drops)
                #expect(try plane.passes(frames[1]))
                let reading = plane.read()
                #expect(reading.totals.martian.packets == 1 && reading.totals.flow.packets == 1)
                #expect(reading.samples.map(\.key.source) == [frames[1].source])
            }
            // Not outside, or no home any more: like all others.
            try plane.datapath.bind(Ingress(homes: [home], outside: [], dropsMartians: true))
            #expect(try plane.passes(frames[0]))
            try plane.datapath.bind(Ingress(homes: [], outside: ["lo"], dropsMartians: true))
            #expect(try plane.passes(frames[0]))
            #expect(plane.read().totals.martian.packets == 0)
        }

        @Test("A forged SYN-ACK from outside asks nobody for anything", arguments: families)
        func forgedQuestion(isIPv4: Bool) throws {
            let ours = FrameShape.destination(isIPv4: isIPv4)
            for isBound in [false, true] {
                let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024))
                if isBound {
                    try plane.datapath.bind(Ingress(homes: [Prefix(ours)], outside: ["lo"]))
                }
                let syn = Self.frame(from: FrameShape.source(isIPv4: isIPv4))
                let synAck = syn.reversed.with { ($0.tcpFlags, $0.sequence) = (0x12, 99) }
                let ack = syn.with { ($0.tcpFlags, $0.acknowledged) = (0x10, 100) }
                // The flow of the answer is there already: then, too, it is looked at where it comes from.
                plane.send([syn, synAck, ack])
                #expect(plane.read().samples.contains { $0.isProven } == !isBound)
            }
        }

        @Test("A confined source reaches what answers, and nothing else", arguments: families)
        func confined(isIPv4: Bool) throws {
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024))
            let source = FrameShape.source(isIPv4: isIPv4)
            let syn = Self.frame(from: source)
            plane.send([syn.reversed.with { $0.tcpFlags = 0x12 }])
            try plane.datapath.bind(Ingress(homes: [Prefix(syn.destination)], outside: ["lo"]))
            // What is told from outside of services of ours opens none.
            plane.send([syn.reversed.with { ($0.tcpFlags, $0.sourcePort) = (0x12, 8080) }])
            try plane.datapath.install([
                Rule(id: 7, match: .source(Prefix(source)), action: .limit(.confined), origin: .automatic)
            ])
            let closed = syn.with { $0.destinationPort = 8080 }
            let passing: [Frame] = [
                syn, closed.with { $0.tcpFlags = 0x10 }, closed.with { $0.tcpFlags = 0x04 },
                closed.with { $0.protocol = isIPv4 ? 1 : 58 }, closed.with { $0.protocol = 47 },
            ]
            let dropped: [Frame] = [
                closed, closed.with { $0.tcpFlags = 0 }, closed.with { $0.tcpFlags = 0x29 },
                closed.with { $0.protocol = 17 }, syn.with { $0.protocol = 17 },
            ]
            for (number, frame) in passing.enumerated() {
                #expect(try plane.passes(frame), "passing \(number)")
            }
            for (number, frame) in dropped.enumerated() {
                #expect(try !plane.passes(frame), "dropped \(number)")
            }
            #expect(
                try plane.passes(Self.frame(from: Self.neighbour(source)).with { $0.destinationPort = 8080 }))
            #expect(try plane.datapath.counters().map(\.dropped.packets) == [UInt64(dropped.count)])
        }

        @Test("A UDP service that answers is open to a confined source", arguments: families)
        func confinedDatagrams(isIPv4: Bool) throws {
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024))
            let source = FrameShape.source(isIPv4: isIPv4)
            let question = Self.frame(from: source).with { $0.protocol = 17 }
            plane.send([question.reversed])
            try plane.datapath.install([
                Rule(id: 7, match: .source(Prefix(source)), action: .limit(.confined), origin: .automatic)
            ])
            #expect(try plane.passes(question))
            #expect(try !plane.passes(question.with { $0.destinationPort = 9 }))
        }
    }
}
