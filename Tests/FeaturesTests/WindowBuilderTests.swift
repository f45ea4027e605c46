import Features
import Testing
import Traffic

@Suite struct WindowBuilderTests {
    private func features(
        _ batch: WindowBatch, of address: String
    ) throws -> (window: Window, value: (Feature) -> Double) {
        let row = try #require(batch.windows.firstIndex { "\($0.entity.prefix)" == address })
        let values = Array(batch.features(of: row))
        return (
            batch.windows[row],
            { FeatureSchema.description(of: $0).scale.quantity(of: Double(values[$0.rawValue])) }
        )
    }

    @Test("sums, spread and lengths of a source are those of its flows")
    func counts() throws {
        var builder = WindowBuilder()
        var clock = Clock()
        let reading = clock.reading([
            flow("10.0.0.1", 1_000, "10.0.0.2", 80, packets: 3, length: 100, syn: 1, ack: 2),
            flow("10.0.0.1", 1_001, "10.0.0.3", 443, packets: 5, length: 300, syn: 1, ack: 4),
        ])
        let (window, value) = try features(builder.observe(reading).source, of: "10.0.0.1")
        #expect(window.packets == 8 && window.bytes == 1_800)
        let expected: [(Feature, Double)] = [
            (.packets, 8), (.bytes, 1_800), (.meanLength, 225), (.flows, 2), (.peers, 2),
            (.destinationPorts, 2),
            (.destinationPortEntropy, 1), (.largestFlow, 5), (.newFlows, 2), (.synShare, 0.25),
            (.tcpShare, 1),
            (.initiatedShare, 1), (.novelShare, 1),
        ]
        for (feature, number) in expected { #expect(abs(value(feature) - number) < 0.001, "\(feature)") }
    }

    @Test("a flow in several readings of the window is one flow, and leaves with the last of them")
    func sliding() throws {
        var builder = WindowBuilder()
        var clock = Clock()
        let sample = flow("10.0.0.1", 1_000, "10.0.0.2", 80, packets: 4, ack: 4)
        for number in 1...8 {
            let (_, value) = try features(builder.observe(clock.reading([sample])).source, of: "10.0.0.1")
            #expect(abs(value(.flows) - 1) < 0.001)
            #expect(abs(value(.packets) - Double(min(number, 5) * 4)) < 0.01)
            #expect(abs(value(.largestFlow) - Double(min(number, 5) * 4)) < 0.01)
        }
    }

    @Test("whole seconds and fifths of seconds see the same second", arguments: [0.1, 0.2, 0.5, 1.0])
    func spans(span: Double) throws {
        var builder = WindowBuilder()
        var clock = Clock()
        var last = WindowBatch()
        let packets = UInt64(1_000 * span)
        for _ in 0..<Int(3 / span) {
            last =
                builder.observe(
                    clock.reading([flow("10.0.0.1", 1, "10.0.0.2", 80, packets: packets)], span: span)
                ).source
        }
        #expect(try features(last, of: "10.0.0.1").window.packets == 1_000)
    }

    @Test("who answers began nothing, in whatever order the samples come", arguments: [false, true])
    func responders(isReversed: Bool) throws {
        var builder = WindowBuilder()
        var clock = Clock()
        var samples = [
            flow("10.0.0.1", 1_000, "10.0.0.2", 80, syn: 1, ack: 1),
            flow("10.0.0.2", 80, "10.0.0.1", 1_000, synAck: 1, ack: 2),
            flow("10.0.0.1", 0, "10.0.0.2", 8 * 256, .icmp), flow("10.0.0.2", 0, "10.0.0.1", 0, .icmp),
            flow("fe80::1", 0, "fe80::2", 128 * 256, .icmpv6),
            flow("fe80::2", 0, "fe80::1", 129 * 256, .icmpv6),
        ]
        if isReversed { samples.reverse() }
        let batch = builder.observe(clock.reading(samples)).source
        for (address, share) in [("10.0.0.1", 1.0), ("10.0.0.2", 0), ("fe80::1", 1), ("fe80::2", 0)] {
            let (window, value) = try features(batch, of: address)
            #expect(value(.initiatedShare) == share, "\(address)")
            #expect((window.evidence.initiatedPackets > 0) == (share > 0))
        }
    }

    @Test("echo requests that are replied to are answered, others are not")
    func pings() throws {
        var builder = WindowBuilder()
        var clock = Clock()
        let batch = builder.observe(
            clock.reading(
                answered + [
                    flow("10.0.0.1", 0, "10.0.0.2", 8 * 256, .icmp),
                    flow("10.0.0.2", 0, "10.0.0.1", 0, .icmp),
                    flow("10.0.0.3", 0, "10.0.0.4", 8 * 256, .icmp),
                    // Somebody must be told of an unreachable host; nobody answers that.
                    flow("10.0.0.5", 0, "10.0.0.6", 3 * 256, .icmp),
                ])
        ).source
        #expect(try features(batch, of: "10.0.0.1").value(.unansweredShare) == 0)
        #expect(try features(batch, of: "10.0.0.3").value(.unansweredShare) == 1)
        #expect(try features(batch, of: "10.0.0.5").value(.unansweredShare) == 0)
    }

    @Test("without any answer in sight, nothing is called unanswered")
    func oneWay() throws {
        var builder = WindowBuilder()
        var clock = Clock()
        let batch = builder.observe(clock.reading([flow("10.0.0.1", 1_000, "10.0.0.2", 80, syn: 1)])).source
        let seesBothWays = builder.seesBothWays
        #expect(!seesBothWays)
        #expect(try features(batch, of: "10.0.0.1").value(.unanswered) == 0)
    }

    @Test(
        "one session in which both sides say something shows that answers are seen, for as long as it goes on"
    )
    func session() throws {
        var builder = WindowBuilder()
        var clock = Clock()
        let session = [
            flow("10.0.0.1", 1_000, "10.0.0.2", 22, length: 102, ack: 2),
            flow("10.0.0.2", 22, "10.0.0.1", 1_000, length: 102, ack: 2),
        ]
        let silent = (1...30).map { flow("10.0.0.3", 2_000, "10.0.0.2", 8_000 + $0, syn: 2) }
        _ = builder.observe(
            clock.reading([
                flow("10.0.0.1", 1_000, "10.0.0.2", 22, length: 60, ack: 2),
                flow("10.0.0.2", 22, "10.0.0.1", 1_000, length: 60, ack: 2),
            ]))
        let wasEnough = builder.seesBothWays
        #expect(!wasEnough, "acknowledgements alone")
        for _ in 0..<20 { _ = builder.observe(clock.reading(session, after: 60)) }
        let isEnough = builder.seesBothWays
        #expect(isEnough)
        _ = builder.observe(clock.reading(session + silent))
        let later = builder.observe(
            clock.reading(session + [flow("10.0.0.3", 2_000, "10.0.0.2", 9_000, syn: 2)], span: 0.5)
        ).source
        #expect(try features(later, of: "10.0.0.3").window.evidence.failedServices60 >= 25)
    }

    @Test("an answer in a later reading takes back that there was none")
    func lateAnswers() throws {
        var builder = WindowBuilder()
        var clock = Clock()
        _ = builder.observe(clock.reading(answered))
        let question = flow("10.0.0.1", 1_000, "10.0.0.2", 53, .udp)
        let before = builder.observe(clock.reading([question])).source
        #expect(try abs(features(before, of: "10.0.0.1").value(.unanswered) - 1) < 0.001)
        let after = builder.observe(clock.reading([flow("10.0.0.2", 53, "10.0.0.1", 1_000, .udp), question]))
            .source
        #expect(try features(after, of: "10.0.0.1").value(.unanswered) == 0)
        for _ in 0..<6 { _ = builder.observe(clock.reading([])) }
        let settled = builder.observe(clock.reading([question])).source
        #expect(try features(settled, of: "10.0.0.1").value(.unanswered600) == 0)
    }

    @Test(
        "two hosts that send to each other by flows of their own answer each other, unless one sends far more"
    )
    func monologues() throws {
        for (back, isAnswered) in [(UInt64(40), true), (3, false)] {
            var builder = WindowBuilder()
            var clock = Clock()
            _ = builder.observe(clock.reading(answered))
            let call = [
                flow("10.0.0.1", 1_000, "10.0.0.2", 2_000, .udp, packets: 50),
                flow("10.0.0.2", 2_002, "10.0.0.1", 1_002, .udp, packets: back),
            ]
            _ = builder.observe(clock.reading(call))
            let batch = builder.observe(clock.reading(call)).destination
            #expect(try (features(batch, of: "10.0.0.2").window.evidence.oneWayPackets == 0) == isAnswered)
        }
    }

    @Test("IPv6 sources are their /64, but for our own and link-local ones; destinations are single")
    func prefixes() {
        var configuration = WindowConfiguration()
        configuration.localPrefixes = [Prefix("2001:db8:1::/48")].compactMap(\.self)
        var builder = WindowBuilder(configuration: configuration)
        var clock = Clock()
        let windows = builder.observe(
            clock.reading([
                flow("2001:db8:2::1", 1, "2001:db8:1::5", 80), flow("2001:db8:2::2", 1, "2001:db8:1::5", 80),
                flow("2001:db8:1::5", 1, "2001:db8:2::1", 80), flow("fe80::9", 1, "fe80::8", 80),
            ]))
        #expect(
            Set(windows.source.windows.map { "\($0.entity.prefix)" }) == [
                "2001:db8:2::/64", "2001:db8:1::5", "fe80::9",
            ])
        #expect(windows.destination.windows.allSatisfy { $0.entity.prefix.isSingleAddress })
    }

    @Test("groups and nobody are no entities")
    func groups() {
        var builder = WindowBuilder()
        var clock = Clock()
        let windows = builder.observe(
            clock.reading([
                flow("0.0.0.0", 68, "255.255.255.255", 67, .udp),
                flow("10.0.0.1", 5_353, "224.0.0.251", 5_353, .udp),
                flow("fe80::1", 5_353, "ff02::fb", 5_353, .udp),
            ]))
        #expect(windows.source.windows.count == 2)
        #expect(windows.destination.windows.isEmpty)
    }

    @Test("a flood of strangers does not grow the memory, nor push out who is known")
    func bounded() throws {
        var configuration = WindowConfiguration()
        (configuration.sourceCapacity, configuration.conversationCapacity) = (256, 1_024)
        (configuration.destinationCapacity, configuration.serviceCapacity) = (64, 256)
        configuration.maximumWindows = 40
        var builder = WindowBuilder(configuration: configuration)
        var clock = Clock()
        let friend = flow("10.0.0.1", 1_000, "10.0.0.2", 80, packets: 500, ack: 500)
        for _ in 0..<10 { _ = builder.observe(clock.reading([friend])) }
        for round in 0..<10 {
            let strangers = (0..<2_000).map { number in
                flow(
                    "172.16.\(round * 8 + number / 250).\(number % 250)", 1, "10.0.0.2", 80, packets: 2,
                    syn: 2)
            }
            let batch = builder.observe(clock.reading(strangers + [friend])).source
            #expect(batch.windows.count <= 40)
            #expect(try features(batch, of: "10.0.0.1").window.packets > 400)
        }
        let tracked = builder.tracked
        #expect(tracked.sources <= 256 && tracked.conversations <= 1_024 && tracked.services <= 256)
        let evicted = builder.evicted
        #expect(evicted.sources > 1_000 && evicted.conversations > 1_000)
    }

    @Test("pauses, clocks set back and absurd times do no harm")
    func times() {
        var builder = WindowBuilder()
        let sample = flow("10.0.0.1", 1_000, "10.0.0.2", 80)
        let ends: [Int64] = [1_000_000_000, .max, 0, .min, 5_000_000_000, 4_000_000_000_000_000_000, 7]
        for end in ends {
            for start in [end, .min, .max, 0] {
                let reading = Reading(
                    start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: end), samples: [sample])
                let batch = builder.observe(reading)
                #expect(!batch.source.features.contains { !$0.isFinite })
            }
        }
    }

    @Test("what went aside counts for the destination it went to")
    func aside() throws {
        var builder = WindowBuilder()
        var clock = Clock()
        var reading = clock.reading([flow("10.0.0.1", 1_000, "10.0.0.2", 80, packets: 4)])
        let target = Address(ipv4: 0x0A00_0002)
        var cells = [UInt32](repeating: 0, count: AsideSketch.rows * 1_024)
        let hash = AsideSketch.hash(target, seed: 9)
        for row in 0..<AsideSketch.rows {
            cells[row * 1_024 + Int(hash >> UInt64(16 * row)) & 1_023] += 5_000
        }
        reading.totals.aside = Count(packets: 5_000, bytes: 300_000)
        reading.aside = AsideSketch(cells: cells, width: 1_024, seed: 9)
        let (window, _) = try features(builder.observe(reading).destination, of: "10.0.0.2")
        #expect((4_900...5_004).contains(window.packets))
    }

    @Test("what is remembered of a conversation is not taken for another's that stands in its place")
    func crowded() throws {
        var configuration = WindowConfiguration()
        configuration.conversationCapacity = 8
        var builder = WindowBuilder(configuration: configuration)
        var clock = Clock()
        // In each reading, as many conversations as there are hosts want the eight places.
        let samples = (1...60).map { number in
            flow("10.0.0.\(number)", 1_000, "2001:db8::\(number)", 80, .udp, packets: UInt64(100 + number))
        }
        for round in 0..<6 {
            let batches = builder.observe(clock.reading(samples, span: 1))
            #expect(batches.source.windows.count == 60 && batches.destination.windows.count == 60)
            for number in 1...60 {
                let (source, _) = try features(batches.source, of: "10.0.0.\(number)")
                #expect(source.packets == UInt64(100 + number), "source \(number), round \(round)")
                let address = "2001:db8::\(number)"
                let (destination, _) = try features(batches.destination, of: address)
                #expect(destination.packets == UInt64(100 + number), "\(address), round \(round)")
            }
        }
    }

    @Test("a source of many ports does not change what is counted of one with few")
    func manyAndFew() throws {
        var builder = WindowBuilder()
        var clock = Clock()
        let many = (1...3_000).map { flow("10.0.0.1", 1_000, "10.0.0.2", UInt16($0), .udp) }
        let few = (1...40).flatMap { number in
            [3, 7].map { flow("10.0.0.3", 2_000 + UInt16(number), "10.0.0.\(4 + number % 5)", $0, .udp) }
        }
        for samples in [few, many + few, few + many, few] {
            let batch = builder.observe(clock.reading(samples, span: 1)).source
            let (window, value) = try features(batch, of: "10.0.0.3")
            #expect(window.evidence.ports == 2 && window.evidence.peers == 5)
            #expect(abs(value(.destinationPortEntropy) - 1) < 1e-6)
            guard samples.count > few.count else { continue }
            #expect(try features(batch, of: "10.0.0.1").window.evidence.ports == 3_000)
        }
    }
}
