import RealModule
import TestSupport
import Testing
import Traffic

@testable import Features

/// Sums of the window are kept as entries come and go; here they are counted anew.
@Suite struct WindowSumTests {
    private static let hosts =
        (1...9).map { "10.0.0.\($0)" } + (1...5).map { "2001:db8:1::\($0)" }
        + (1...5).map { "2001:db8:\($0 + 1)::1" }

    private func configuration(capacity: Int = 4_096) -> WindowConfiguration {
        var configuration = WindowConfiguration()
        configuration.localPrefixes = [Prefix(Address(ipv6High: 0x2001_0DB8_0001_0000, low: 0), length: 48)]
        (configuration.sourceCapacity, configuration.destinationCapacity) = (capacity, capacity)
        return configuration
    }

    /// Some flows, of which about half are answered in the same reading, and some are without a packet.
    private func samples(_ random: inout SeededGenerator) -> [FlowSample] {
        var unique: [FlowKey: FlowSample] = [:]
        for _ in 0..<60 {
            let family = random.below(2) == 0 ? 0..<9 : 9..<Self.hosts.count
            let client = Self.hosts[.random(in: family, using: &random)]
            let server = Self.hosts[.random(in: family, using: &random)]
            let (port, service) = (UInt16(1_000 + random.below(4)), UInt16(80 + random.below(3)))
            let number: IPProtocol = random.below(3) == 0 ? .udp : .tcp
            let rst = UInt64(number == .tcp ? random.below(2) : 0)
            let out = flow(
                client, port, server, service, number,
                packets: random.below(9) == 0 ? 0 : UInt64(2 + random.below(50)), ack: 1)
            let back = flow(
                server, service, client, port, number, packets: UInt64(2 + random.below(50)),
                length: UInt64(60 + random.below(900)), rst: rst)
            unique[out.key] = out
            if random.below(2) == 0 { unique[back.key] = back }
        }
        return Array(unique.values)
    }

    /// All send to all of their family, so that everybody has a history in both views.
    private var greetings: [FlowSample] {
        Self.hosts.flatMap { host in
            Self.hosts.filter { $0.contains(":") == host.contains(":") }
                .map { flow(host, 1, $0, 1, packets: 5, ack: 5) }
        }
    }

    private struct Sums: Equatable {
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
        var bytesBack: UInt64 = 0
        var resetsBack: UInt64 = 0
    }

    private func sums(_ readings: [Reading], of entity: Entity) -> Sums {
        var sums = Sums()
        for sample in readings.flatMap(\.samples) where sample.packets > 0 {
            let (own, other) =
                entity.view == .source
                ? (sample.key.source, sample.key.destination) : (sample.key.destination, sample.key.source)
            if entity.prefix.contains(own) {
                sums.packets += sample.packets
                sums.bytes += sample.bytes
            }
            if entity.prefix.contains(other) {
                sums.bytesBack += sample.bytes
                sums.resetsBack += sample.rst
            }
        }
        return sums
    }

    @Test("what an entity sent and got is the sum over the window, whatever came, went and was answered")
    func sums() {
        var random = SeededGenerator()
        var builder = WindowBuilder(configuration: configuration())
        var clock = Clock()
        var readings = [clock.reading(greetings)]
        _ = builder.observe(readings[0])
        for round in 0..<80 {
            let pause = round % 20 == 19 ? 1.5 + Double(random.below(3)) : 0
            let reading = clock.reading(samples(&random), after: pause)
            readings.append(reading)
            let batches = builder.observe(reading)
            readings.removeAll {
                $0.end.nanoseconds + $0.start.nanoseconds <= 2 * (clock.now - 1_000_000_000)
            }
            for batch in [batches.source, batches.destination] {
                #expect(batch.windows.count > 5)
                for (row, window) in batch.windows.enumerated() {
                    let sums = sums(readings, of: window.entity)
                    #expect(
                        window.packets == sums.packets && window.bytes == sums.bytes, "\(random) \(round)")
                    let features = Array(batch.features(of: row))
                    let ratio =
                        Float.log(onePlus: Float(sums.bytes)) - Float.log(onePlus: Float(sums.bytesBack))
                    #expect(abs(features[Feature.outInRatio.rawValue] - ratio) < 0.001, "\(random) \(round)")
                    let resets = Float.log(onePlus: Float(sums.resetsBack))
                    #expect(
                        abs(features[Feature.resetsReceived.rawValue] - resets) < 0.001, "\(random) \(round)")
                }
            }
        }
    }

    @Test("in full tables too, nothing of what left stays in the sums of those who came after")
    func crowded() {
        var random = SeededGenerator()
        var builder = WindowBuilder(configuration: configuration(capacity: 8))
        var clock = Clock()
        for round in 0..<60 {
            var readings: [Reading] = []
            // After a pause the window holds what came since.
            for number in 0..<4 {
                let reading = clock.reading(samples(&random), after: number == 0 ? 3 : 0)
                readings.append(reading)
                let batches = builder.observe(reading)
                for window in batches.source.windows + batches.destination.windows {
                    let sums = sums(readings, of: window.entity)
                    // Who has fallen silent may have nothing in the window any more.
                    let least: UInt64 = window.isSilent ? 0 : 1
                    #expect((least...sums.packets).contains(window.packets), "\(random) \(round)")
                    #expect((least...sums.bytes).contains(window.bytes), "\(random) \(round)")
                }
            }
        }
        #expect(builder.evicted.sources > 100 && builder.evicted.destinations > 100)
    }
}
