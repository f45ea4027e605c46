import Foundation
import TestSupport
import Traffic

/// A capture, written packet by packet: frames with times, which become the bytes of a pcap file.
struct Tape {
    /// Where time begins, in seconds since the epoch.
    static let start = 1_700_000_000.0
    private var packets: [(time: Double, frame: [UInt8])] = []

    /// Frames by time; `seconds` count from the start.
    mutating func add(_ frame: Frame, at seconds: Double) { packets.append((seconds, frame.bytes)) }

    /// A connection: handshake, a request, an answer, and the end of it.
    mutating func connection(_ client: Address, _ port: UInt16, _ server: Address, at seconds: Double) {
        func packet(_ isAnswer: Bool, _ flags: UInt8, _ payload: Int, _ delay: Double) {
            let (from, to) = isAnswer ? (server, client) : (client, server)
            add(
                Frame(from: from, to: to).with {
                    ($0.protocol, $0.tcpFlags, $0.payload) = (6, flags, payload)
                    ($0.sourcePort, $0.destinationPort) = isAnswer ? (443, port) : (port, 443)
                }, at: seconds + delay)
        }
        for (isAnswer, flags, payload, delay) in [
            (false, 0x02, 0, 0), (true, 0x12, 0, 0.002), (false, 0x10, 0, 0.004), (false, 0x18, 300, 0.005),
            (true, 0x18, 1200, 0.010), (true, 0x18, 1200, 0.011), (false, 0x11, 0, 0.020),
            (true, 0x11, 0, 0.022),
        ] as [(Bool, UInt8, Int, Double)] { packet(isAnswer, flags, payload, delay) }
    }

    /// What clients of both families do for a while, from `seconds` on.
    mutating func usual(from seconds: Double, for duration: Double) {
        for number in 0..<Int(duration * 4) {
            let (host, port) = (UInt64(number % 8), UInt16(20_000 + number % 40_000))
            let time = seconds + Double(number) / 4 + Double(number % 7) * 0.01
            if number % 3 == 0 {
                let client = Address(ipv6High: 0x2001_0DB8_0001_0000 + host, low: 2)
                connection(client, port, Address(literal: "2001:db8:20::2"), at: time)
            } else {
                connection(
                    Address(ipv4: 0xC633_6410 + UInt32(host)), port, Address(literal: "10.20.0.2"), at: time)
            }
        }
    }

    /// SYNs, `perSecond` of them: to one port after the other, or to one port from one port after the other.
    mutating func syns(
        _ source: Address, _ target: Address, isScan: Bool, perSecond: Int, from seconds: Double,
        for duration: Double
    ) {
        for number in 0..<Int(duration * Double(perSecond)) {
            let port = UInt16(1 + number % 60_000)
            let frame = Frame(from: source, to: target).with {
                ($0.protocol, $0.tcpFlags, $0.payload) = (6, 0x02, 0)
                ($0.sourcePort, $0.destinationPort) = isScan ? (50_000, port) : (port, 443)
            }
            add(frame, at: seconds + Double(number) / Double(perSecond))
        }
    }

    var count: Int { packets.count }
    /// Bytes of all frames.
    var bytes: Int { packets.reduce(0) { $0 + $1.frame.count } }
    /// Flows, as 5-tuples.
    var flows: Int {
        Set(packets.compactMap { if case .flow(let key) = Expected($0.frame) { key } else { nil } }).count
    }

    /// The file: pcap with microseconds, in network order.
    var pcap: Data {
        var file = Data(UInt32(0xA1B2_C3D4).bytes + [0, 2, 0, 4] + [UInt8](repeating: 0, count: 8))
        file += UInt32(262_144).bytes + UInt32(1).bytes
        for (seconds, frame) in packets.sorted(by: { $0.time < $1.time }) {
            let time = UInt64(((Self.start + seconds) * 1e6).rounded())
            file += UInt32(time / 1_000_000).bytes + UInt32(time % 1_000_000).bytes
            file += UInt32(frame.count).bytes + UInt32(frame.count).bytes + frame
        }
        return file
    }
}
