import Foundation
import Replay
import TestSupport
import Testing
import Traffic

/// One packet of each family, as captures of every link type have it.
@Suite("Captures of links without Ethernet")
struct LinkTypeTests {
    /// What stands before the IP header, for IPv4 and IPv6.
    struct Link: CustomTestStringConvertible, Sendable {
        var name: String
        var number: UInt32
        var ipv4: [UInt8]
        var ipv6: [UInt8]

        var testDescription: String { name }
    }

    private static let cooked: [UInt8] = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]
    private static let cooked2: [UInt8] = [0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]

    static let links: [Link] = [
        Link(name: "raw", number: 101, ipv4: [], ipv6: []),
        Link(name: "raw of OpenBSD", number: 14, ipv4: [], ipv6: []),
        Link(name: "null, little-endian", number: 0, ipv4: [2, 0, 0, 0], ipv6: [30, 0, 0, 0]),
        Link(name: "null, big-endian", number: 0, ipv4: [0, 0, 0, 2], ipv6: [0, 0, 0, 24]),
        Link(name: "loop", number: 108, ipv4: [0, 0, 0, 2], ipv6: [0, 0, 0, 28]),
        Link(name: "PPP", number: 9, ipv4: [0, 0x21], ipv6: [0, 0x57]),
        Link(name: "PPP, short protocol", number: 9, ipv4: [0x21], ipv6: [0x57]),
        Link(name: "PPP with address", number: 50, ipv4: [0xFF, 3, 0, 0x21], ipv6: [0xFF, 3, 0, 0x57]),
        Link(name: "PPP, Cisco's", number: 50, ipv4: [0x0F, 0, 8, 0], ipv6: [0x8F, 0, 0x86, 0xDD]),
        Link(
            name: "PPP with direction", number: 204, ipv4: [1, 0xFF, 3, 0, 0x21], ipv6: [0, 0xFF, 3, 0, 0x57]),
        Link(
            name: "PPPoE", number: 51, ipv4: [0x11, 0, 0, 1, 0, 22, 0, 0x21],
            ipv6: [0x11, 0, 0, 1, 0, 22, 0, 0x57]),
        Link(name: "HDLC", number: 104, ipv4: [0x0F, 0, 8, 0], ipv6: [0x0F, 0, 0x86, 0xDD]),
        Link(name: "cooked", number: 113, ipv4: cooked + [8, 0], ipv6: cooked + [0x86, 0xDD]),
        Link(name: "cooked, second", number: 276, ipv4: [8, 0] + cooked2, ipv6: [0x86, 0xDD] + cooked2),
    ]

    private static let time = Timestamp(nanoseconds: 1_600_000_000_000_000_000)

    /// A frame of the family, its packet without the Ethernet header, and its flow.
    private static func example(isIPv4: Bool) throws -> (packet: [UInt8], key: FlowKey) {
        let frame = FrameShape.all.map(\.example).first {
            guard case .flow(let key) = Expected($0.bytes) else { return false }
            return key.source.isIPv4 == isIPv4 && $0.bytes[12..<14] == (isIPv4 ? [8, 0] : [0x86, 0xDD])
        }
        let bytes = try #require(frame).bytes
        guard case .flow(let key) = Expected(bytes) else {
            throw POSIXError(.EINVAL)
        }
        return (Array(bytes[14...]), key)
    }

    @Test("packets are in the flows that they are in on Ethernet, with their own bytes", arguments: links)
    func flows(link: Link) throws {
        let (four, six) = (try Self.example(isIPv4: true), try Self.example(isIPv4: false))
        let frames = [link.ipv4 + four.packet, link.ipv6 + six.packet].map { (Self.time, $0) }
        let expected = [
            four.key: Count(packets: 1, bytes: UInt64(four.packet.count)),
            six.key: Count(packets: 1, bytes: UInt64(six.packet.count)),
        ]
        let pcap = try CaptureFile(pcap: frames, linkType: link.number)
        let pcapng = try CaptureFile(
            CaptureFile.section + CaptureFile.interface(linkType: UInt16(link.number), snapshot: 0)
                + CaptureFile.packet(on: 0, at: 1, frames[0].1)
                + CaptureFile.packet(on: 0, at: 2, frames[1].1))
        for file in [pcap, pcapng] {
            let accounts = FlowAccounts(of: try file.open())
            #expect(accounts.flows == expected)
            #expect(accounts.totals.frames == 2)
        }
    }

    @Test("frames cut off anywhere are counted, and read nowhere beyond their end", arguments: links)
    func cut(link: Link) throws {
        let frame = link.ipv6 + (try Self.example(isIPv4: false)).packet
        let frames = (0...frame.count).map { (Self.time, Array(frame.prefix($0))) }
        let accounts = FlowAccounts(
            of: try CaptureFile(pcap: frames, linkType: link.number).open())
        #expect(accounts.failure == nil)
        #expect(accounts.totals.frames == UInt64(frames.count))
        #expect(accounts.totals.flow.packets >= 1)
    }

    @Test("what is not IP on such a link is other, and a header of no known version is malformed")
    func other() throws {
        let others: [(UInt32, [UInt8])] = [
            (9, [0xC0, 0x21, 1, 1, 0, 4]), (51, [0x11, 9, 0, 0, 0, 0]), (0, [7, 0, 0, 0, 0x45]),
            (113, Self.cooked + [0, 1, 0x45]),
        ]
        for (number, bytes) in others {
            let file = try CaptureFile(pcap: [(Self.time, bytes)], linkType: number)
            #expect(FlowAccounts(of: try file.open()).totals.other.packets == 1, "\(number)")
        }
        let raw = try CaptureFile(
            pcap: [(Self.time, [UInt8](repeating: 0x77, count: 40))], linkType: 101)
        #expect(FlowAccounts(of: try raw.open()).totals.malformed.packets == 1)
    }

    @Test("VLAN tags stand behind a cooked header as behind an Ethernet one")
    func tagged() throws {
        let (packet, key) = try Self.example(isIPv4: true)
        let file = try CaptureFile(
            pcap: [(Self.time, Self.cooked + [0x81, 0, 0, 5, 8, 0] + packet)], linkType: 113)
        #expect(FlowAccounts(of: try file.open()).flows.keys.map(\.self) == [key])
    }

    @Test("of packets that were cut when they were captured, the lengths on the wire count")
    func snapshot() throws {
        let packet = try Self.example(isIPv4: true).packet
        let frame = Self.cooked + [8, 0] + packet + [UInt8](repeating: 0, count: 900)
        let file = try CaptureFile(pcap: [(Self.time, frame)], linkType: 113, snapshot: 96)
        #expect(FlowAccounts(of: try file.open()).totals.flow.bytes == UInt64(packet.count + 900))
    }
}
