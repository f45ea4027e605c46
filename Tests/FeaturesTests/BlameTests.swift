import Features
import Testing
import Traffic

/// What a window says of whom, and what it rests on.
@Suite("Blame and proof")
struct BlameTests {
    private static let families = [("203.0.113.9", "192.0.2.10"), ("2001:db8:b::9", "2001:db8:20::2")]

    /// A connection and its answer; proven or not.
    private func talk(_ source: String, _ port: UInt16, _ host: String, _ service: UInt16, isProven: Bool)
        -> [FlowSample]
    {
        var call = flow(source, port, host, service, packets: 20, length: 300, syn: 1, ack: 19)
        call.isProven = isProven
        return [call, flow(host, service, source, port, packets: 20, length: 600, synAck: 1, ack: 20)]
    }

    @Test(
        "A scan is blamed on what was tried, not on the largest flow, nor on what is merely answered",
        arguments: families)
    func scan(_ source: String, _ host: String) throws {
        var builder = WindowBuilder()
        var clock = Clock()
        _ = builder.observe(clock.reading(answered))
        let decoy = flow(source, 80, "192.0.2.77", 40_000, packets: 5_000, length: 1_400, ack: 5_000)
        let asked = flow("192.0.2.77", 40_000, source, 80, packets: 2_500, syn: 1, ack: 2_499)
        let probes = (1...30).flatMap { port in
            [
                flow(source, 50_000, host, UInt16(port), packets: 1, length: 60, syn: 1),
                flow(host, UInt16(port), source, 50_000, packets: 1, length: 60, ack: 1, rst: 1),
            ]
        }
        let found = builder.observe(clock.reading([decoy, asked] + probes)).source.windows
        let window = try #require(found.first { $0.evidence.failedServices >= 25 })
        let blamed = try #require(window.evidence.blamed[.failure])
        #expect(blamed.key.destination.description == host)
        #expect(blamed.severalPorts && !blamed.severalHosts)
        #expect(window.evidence.largestFlow?.destinationPort == 40_000)
    }

    @Test(
        "Only proven connections make a source proven, and those of others in its name take from it",
        arguments: families)
    func share(_ source: String, _ host: String) throws {
        for (proven, forged, isTwoWay) in [(4, 0, true), (0, 4, false), (2, 6, true)] {
            var builder = WindowBuilder()
            var clock = Clock()
            _ = builder.observe(clock.reading(answered))
            let talks = (0..<proven + forged).flatMap { number in
                talk(source, 50_000 + UInt16(number), host, 22, isProven: number < proven)
            }
            let found = builder.observe(clock.reading(talks)).source.windows
            let window = try #require(
                found.first { $0.evidence.initiatedPackets > 0 && $0.evidence.blamed[.login] != nil })
            #expect(window.evidence.isTwoWay == isTwoWay)
            #expect(window.evidence.provenPackets == UInt64(20 * proven))
            let share = Int(window.evidence.provenLogins)
            #expect(abs(share - 100 * proven / (proven + forged)) <= 1)
        }
    }

    @Test("Who falls silent is judged once more, when it is known that nobody answered", arguments: families)
    func silent(_ source: String, _ host: String) throws {
        var builder = WindowBuilder()
        var clock = Clock()
        _ = builder.observe(clock.reading(answered))
        let probes = (1...60).map { flow(source, 50_000, host, UInt16($0), packets: 2, length: 60, syn: 2) }
        let first = builder.observe(clock.reading(probes)).source.windows
        #expect(first.contains { $0.evidence.novelServices60 >= 60 && $0.evidence.failedServices60 < 40 })
        var last: [Window] = []
        for _ in 0..<8 { last += builder.observe(clock.reading([])).source.windows }
        let window = try #require(last.first)
        #expect(window.isSilent && window.evidence.failedServices60 >= 50)
        #expect(last.allSatisfy { $0.isSilent })
    }

    @Test(
        "What stands for one IPv4 address is one source",
        arguments: [
            "64:ff9b::cb00:7109", "64:ff9b:1:2::cb00:7109", "2001:0:c000:201::1", "2001:db8::5efe:c000:201",
            "::ffff:192.0.2.1",
        ])
    func embedded(_ text: String) throws {
        let address = try #require(Address(text))
        #expect(WindowConfiguration().sourcePrefix(of: address).isSingleAddress)
        let neighbour = try #require(Address("2001:db8:1:2::9"))
        #expect(WindowConfiguration().sourcePrefix(of: neighbour).length == 64)
    }
}
