import Traffic

/// One reading after another, with the flows that a test names.
struct Clock {
    private(set) var now: Int64 = 1_700_000_000_000_000_000

    /// A reading of this span that ends now.
    mutating func reading(_ samples: [FlowSample], span: Double = 0.2, after pause: Double = 0) -> Reading {
        let start = now + Int64(pause * 1e9)
        now = start + Int64(span * 1e9)
        let timed = samples.enumerated().map { index, sample in
            var sample = sample
            sample.first = Timestamp(nanoseconds: start + Int64(index) * 1_000)
            sample.last = Timestamp(nanoseconds: now - 1)
            return sample
        }
        return Reading(start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: now), samples: timed)
    }
}

/// A flow sample in few words; addresses as text.
func flow(
    _ source: String, _ sourcePort: UInt16, _ destination: String, _ destinationPort: UInt16,
    _ number: IPProtocol = .tcp,
    packets: UInt64 = 2, length: UInt64 = 100, syn: UInt64 = 0, synAck: UInt64 = 0, ack: UInt64 = 0,
    rst: UInt64 = 0
) -> FlowSample {
    let nowhere = Address(ipv4: 0)
    let key = FlowKey(
        source: Address(source) ?? nowhere, destination: Address(destination) ?? nowhere, protocol: number,
        sourcePort: sourcePort, destinationPort: destinationPort)
    var sample = FlowSample(key: key, first: Timestamp(nanoseconds: 0), last: Timestamp(nanoseconds: 0))
    sample.packets = packets
    sample.bytes = packets * length
    sample.squaredBytes = packets * length * length
    sample.minimumLength = UInt16(length)
    sample.maximumLength = UInt16(length)
    sample.syn = syn
    sample.synAck = synAck
    sample.ack = ack
    sample.rst = rst
    return sample
}

/// Conversations with answers, so that a builder knows that it sees both ways.
let answered: [FlowSample] = (1...5).flatMap { number in
    [
        flow("198.51.100.\(number)", 5_000, "198.51.100.200", 53, .udp),
        flow("198.51.100.200", 53, "198.51.100.\(number)", 5_000, .udp),
    ]
}
