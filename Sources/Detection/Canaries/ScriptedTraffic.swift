package import Traffic

/// Traffic written down packet by packet, and read as the data plane would count it.
///
/// What canaries are made of, and tests of detection.
package struct ScriptedTraffic: Sendable {
    /// TCP flags of a packet.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: Int
        package static let syn = Flags(rawValue: 1)
        package static let ack = Flags(rawValue: 2)
        package static let fin = Flags(rawValue: 4)
        package static let rst = Flags(rawValue: 8)

        package init(rawValue: Int) { self.rawValue = rawValue }
    }

    private struct Packet: Sendable {
        var time: Int64
        var key: FlowKey
        var length: UInt64
        var flags: Flags
    }

    /// Where time begins, in nanoseconds since 1970; seconds below count from here.
    package static let origin: Int64 = 1_700_000_000_000_000_000
    private var packets: [Packet] = []

    package init() {}

    /// One packet of `length` bytes.
    package mutating func packet(
        at seconds: Double, _ source: Address, _ sourcePort: UInt16, _ destination: Address,
        _ destinationPort: UInt16,
        _ number: IPProtocol, length: UInt64, flags: Flags = []
    ) {
        let key = FlowKey(
            source: source, destination: destination, protocol: number, sourcePort: sourcePort,
            destinationPort: destinationPort)
        packets.append(
            Packet(time: Self.origin + Int64(seconds * 1e9), key: key, length: length, flags: flags))
    }

    /// A whole connection: handshake, one request, an answer of some packets, close.
    package mutating func connection(
        at start: Double, _ client: Address, _ port: UInt16, _ server: Address, _ service: UInt16,
        roundTrip: Double = 0.002, request: UInt64 = 200, answers: Int = 3, closes: Bool = true
    ) {
        let half = roundTrip / 2
        func out(_ time: Double, _ length: UInt64, _ flags: Flags) {
            packet(at: start + time, client, port, server, service, .tcp, length: length, flags: flags)
        }
        func back(_ time: Double, _ length: UInt64, _ flags: Flags) {
            packet(at: start + time + half, server, service, client, port, .tcp, length: length, flags: flags)
        }
        out(0, 74, .syn)
        back(0, 74, [.syn, .ack])
        out(roundTrip, 66, .ack)
        out(roundTrip, request, .ack)
        for number in 0..<answers { back(roundTrip + Double(number) * 0.0002, 1_400, .ack) }
        out(roundTrip * 2, 66, .ack)
        guard closes else { return }
        out(roundTrip * 3, 66, [.fin, .ack])
        back(roundTrip * 3, 66, [.fin, .ack])
        out(roundTrip * 4, 66, .ack)
    }

    /// Adds what another script does, `seconds` later than it says.
    package mutating func append(_ other: ScriptedTraffic, at seconds: Double = 0) {
        packets += other.packets.map {
            Packet(time: $0.time + Int64(seconds * 1e9), key: $0.key, length: $0.length, flags: $0.flags)
        }
    }

    /// The readings of a data plane that is read every `span` seconds, up to `end`.
    package func readings(every span: Double = 0.2, until end: Double) -> [Reading] {
        let step = Int64(span * 1e9)
        let count = Int((end / span).rounded())
        var bins = Array(repeating: [FlowKey: FlowSample](), count: count)
        for packet in packets {
            let bin = Int((packet.time - Self.origin) / step)
            guard bins.indices.contains(bin) else { continue }
            let time = Timestamp(nanoseconds: packet.time)
            var one = FlowSample(key: packet.key, first: time, last: time)
            one.packets = 1
            one.bytes = packet.length
            one.squaredBytes = packet.length * packet.length
            one.minimumLength = UInt16(packet.length)
            one.maximumLength = UInt16(packet.length)
            one.syn = packet.flags.contains(.syn) && !packet.flags.contains(.ack) ? 1 : 0
            one.synAck = packet.flags.isSuperset(of: [.syn, .ack]) ? 1 : 0
            one.ack = packet.flags.contains(.ack) ? 1 : 0
            one.fin = packet.flags.contains(.fin) ? 1 : 0
            one.rst = packet.flags.contains(.rst) ? 1 : 0
            bins[bin][packet.key, default: FlowSample(key: packet.key, first: time, last: time)].merge(one)
        }
        return bins.enumerated().map { number, flows in
            let start = Self.origin + Int64(number) * step
            // In order of the key, so that each run does the same.
            let samples = flows.values.sorted {
                ($0.key.source, $0.key.destination, $0.key.sourcePort, $0.key.destinationPort)
                    < ($1.key.source, $1.key.destination, $1.key.sourcePort, $1.key.destinationPort)
            }
            var totals = Totals()
            for sample in samples { totals.flow += Count(packets: sample.packets, bytes: sample.bytes) }
            return Reading(
                start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: start + step),
                samples: samples,
                totals: totals)
        }
    }
}
