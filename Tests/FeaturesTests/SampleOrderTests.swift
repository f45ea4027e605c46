import TestSupport
import Testing
import Traffic

@testable import Features

/// The kernel's table gives the flows of a reading in another order than replay's does, and in another each time it is loaded.
@Suite struct SampleOrderTests {
    /// Conversations of both families among some hosts, some of which nobody answers.
    private func samples(_ random: inout SeededGenerator) -> [FlowSample] {
        var samples = (0..<300).flatMap { _ in
            let isIPv6 = random.below(3) == 0
            let client =
                isIPv6 ? "2001:db8:\(random.below(9))::\(random.below(5))" : "10.0.0.\(random.below(20))"
            let server = isIPv6 ? "2001:db8:ff::\(random.below(9))" : "10.0.1.\(random.below(20))"
            let port = UInt16(1_024 + random.below(300))
            let service = [80, 443, 22, 53][random.below(4)] as UInt16
            let packets = UInt64(1 + random.below(40))
            let length = UInt64(60 + random.below(1_400))
            let proto: IPProtocol = random.below(4) == 0 ? .udp : .tcp
            let out = flow(
                client, port, server, service, proto, packets: packets, length: length, syn: 1, ack: 2)
            let back = flow(
                server, service, client, port, proto, packets: packets, length: 900, synAck: 1, ack: 3)
            return random.below(4) == 0 ? [out] : [out, back]
        }
        for host in 0..<20 {
            for code in 0..<UInt16(1 + random.below(6)) {
                samples.append(flow("10.0.0.\(host)", 0, "10.0.2.1", 3 << 8 | code, .icmp, packets: 2))
            }
        }
        return samples
    }

    /// From addresses of one hash, as somebody may choose them who wants to be taken for another.
    private func twins(_ number: Int, _ random: inout SeededGenerator) -> [FlowSample] {
        (0..<number).map { _ in
            let high = 0x2001_0DB8 << 32 | random.next() >> 32
            var sample = flow("::1", 1_000, "10.0.1.1", 80, packets: UInt64(1 + random.below(50)), syn: 1)
            sample.key.source = Address(ipv6High: high, low: StableHash.low)
            return sample
        }
    }

    private func crowded() -> WindowConfiguration {
        var configuration = WindowConfiguration()
        (configuration.sourceCapacity, configuration.destinationCapacity) = (16, 16)
        (configuration.conversationCapacity, configuration.serviceCapacity) = (64, 128)
        configuration.maximumWindows = 7
        return configuration
    }

    @Test(
        "windows are the same to the bit in whatever order the samples of a reading come",
        arguments: [false, true])
    func order(isCrowded: Bool) {
        var random = SeededGenerator()
        let configuration = isCrowded ? crowded() : WindowConfiguration()
        var one = WindowBuilder(configuration: configuration)
        var reversed = WindowBuilder(configuration: configuration)
        var other = WindowBuilder(configuration: configuration)
        var clock = Clock()
        for round in 0..<30 {
            var unique: [FlowKey: FlowSample] = [:]
            let all = samples(&random) + twins(round % 3 * 20, &random)
            for sample in all where unique[sample.key] == nil { unique[sample.key] = sample }
            var reading = clock.reading(unique.values.sorted { $0.key < $1.key })
            let first = one.observe(reading)
            reading.samples.reverse()
            let second = reversed.observe(reading)
            reading.samples.shuffle(using: &random)
            let third = other.observe(reading)
            for (left, right) in [(first, second), (first, third)] {
                expectSame(left.source, right.source, "\(random)")
                expectSame(left.destination, right.destination, "\(random)")
            }
        }
        let evicted = one.evicted
        #expect((evicted.sources > 100 && evicted.conversations > 100) == isCrowded)
    }

    private func expectSame(_ left: WindowBatch, _ right: WindowBatch, _ seed: String) {
        #expect(left.windows.count > 5)
        #expect(left.windows.map { "\($0)" } == right.windows.map { "\($0)" }, "\(seed)")
        #expect(left.features.map(\.bitPattern) == right.features.map(\.bitPattern), "\(seed)")
    }

    @Test("samples are put in order of conversation, direction and key, few or many of one hash")
    func arrangement() {
        var random = SeededGenerator()
        var order = SampleOrder()
        for number in [0, 1, 3, 2_000, 9, 40_000] {
            var samples =
                (0..<number).map { _ in
                    flow(
                        "10.0.\(random.below(200)).\(random.below(200))", UInt16(random.below(60_000)),
                        "10.9.9.9", 80)
                } + twins(number / 4, &random)
            // All of one conversation.
            samples += (0..<UInt16(min(number / 4, 256))).map {
                flow("10.1.1.1", 0, "10.9.9.9", 3 << 8 | $0, .icmp)
            }
            samples.shuffle(using: &random)
            order.arrange(samples)
            let places = samples.indices.map { order[$0] }
            #expect(Set(places.map(\.index)).count == samples.count)
            for (place, next) in zip(places, places.dropFirst()) {
                let keys = (samples[Int(place.index)].key, samples[Int(next.index)].key)
                let (earlier, later) = (place.hash, next.hash)
                let isInOrder =
                    earlier == later
                    ? place.direction == next.direction ? keys.0 <= keys.1 : place.direction < next.direction
                    : earlier < later
                #expect(isInOrder, "\(random)")
            }
        }
    }

    @Test("who chose an address with another's hash is booked on a history of his own")
    func twinHosts() throws {
        var random = SeededGenerator()
        let keys = twins(2, &random).map(\.key)
        let networks = keys.map { Prefix($0.source, length: 64) }
        #expect(StableHash.of(keys[0].source) == StableHash.of(keys[1].source) && networks[0] != networks[1])
        var builder = WindowBuilder()
        var clock = Clock()
        func packets(of number: Int, _ network: Prefix) -> UInt64? {
            var sample = flow("::1", 0, "10.0.1.1", 0, packets: 5, ack: 5)
            sample.key = keys[number]
            return builder.observe(clock.reading([sample], span: 1)).source.windows
                .first { $0.entity.prefix == network }?.packets
        }
        // The first one's conversation stands in the table when the second one comes.
        #expect(packets(of: 0, networks[0]) == 5)
        #expect(packets(of: 1, networks[1]) == 5)
    }

    @Test(
        "of two flows to a new service, the earlier one is new, in whatever order they come",
        arguments: [false, true])
    func firstFlow(isReversed: Bool) throws {
        // An entity with a history, whose first try of a service is half a second old when it tries once more.
        for port in 1_000..<1_020 as Range<UInt16> {
            var builder = WindowBuilder()
            var clock = Clock()
            _ = builder.observe(clock.reading(answered))
            var reading = clock.reading(
                [
                    flow("10.0.0.1", port, "10.0.0.2", 80, syn: 2),
                    flow("10.0.0.1", port + 1, "10.0.0.2", 80, syn: 2),
                ],
                span: 0.9)
            reading.samples[1].first = reading.end - .milliseconds(100)
            if isReversed { reading.samples.reverse() }
            let batch = builder.observe(reading).source
            let window = try #require(batch.windows.first { "\($0.entity.prefix)" == "10.0.0.1" })
            #expect(window.evidence.failedServices == 1)
        }
    }
}

extension SeededGenerator {
    /// A number from 0 to less than the limit.
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
