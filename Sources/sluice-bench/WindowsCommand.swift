import ArgumentParser
import Features
import TestSupport
import Traffic

/// CPU time to build the windows of both views from readings of many flows, for each flow sample.
struct WindowsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "windows", abstract: "Builds windows of many flows; prints nanoseconds a flow sample.")

    @Option(help: "Flow samples of one reading; half of them answer the other half.") var samples = 100_000
    @Option(help: "Hosts that they are of, clients and servers together.") var entities = 20_000
    @Option(help: "Readings, one a second; the median of the later half counts.") var rounds = 15

    func run() throws {
        guard samples >= 2, entities >= 4, rounds >= 2 else { throw ValidationError("too little to measure") }
        var configuration = WindowConfiguration()
        configuration.sourceCapacity = 65_536
        configuration.destinationCapacity = 65_536
        configuration.conversationCapacity = 131_072
        configuration.serviceCapacity = 131_072
        var builder = WindowBuilder(configuration: configuration)
        var times: [Double] = []
        var random = SeededGenerator(seed: 1)
        let order = (0..<samples).shuffled(using: &random)
        for round in 0..<rounds {
            let reading = reading(number: round, order: order)
            let start = ReadingCommand.cpuNanoseconds()
            _ = builder.observe(reading)
            times.append((ReadingCommand.cpuNanoseconds() - start) / Double(samples))
        }
        let later = times.suffix(rounds / 2).sorted()
        print(later[later.count / 2])
    }

    /// Lasting conversations among clients and servers, ten packets each way, one reading a second.
    ///
    /// They come in no order, as out of the flow table, where their hash says in which place they stand.
    private func reading(number: Int, order: [Int]) -> Reading {
        let start = Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(number) * 1_000_000_000)
        let clients = entities * 9 / 10
        var flows: [FlowSample] = []
        flows.reserveCapacity(samples)
        for index in 0..<(samples + 1) / 2 {
            let client = Address(ipv4: 0x0A00_0000 + UInt32(index % clients))
            let server = Address(ipv4: 0xC0A8_0000 + UInt32(index * 7 % (entities - clients)))
            let port = UInt16(10_000 + index / clients)
            let out = FlowKey(
                source: client, destination: server, protocol: .tcp, sourcePort: port, destinationPort: 443)
            let back = FlowKey(
                source: server, destination: client, protocol: .tcp, sourcePort: 443, destinationPort: port)
            for (key, length) in [(out, UInt64(120)), (back, UInt64(900))] {
                var sample = FlowSample(
                    key: key, first: start + .milliseconds(index % 500), last: start + .milliseconds(900))
                sample.packets = 10
                sample.bytes = 10 * length
                sample.squaredBytes = 10 * length * length
                sample.minimumLength = UInt16(length)
                sample.maximumLength = UInt16(length)
                sample.ack = 10
                flows.append(sample)
            }
        }
        return Reading(start: start, end: start + .seconds(1), samples: order.map { flows[$0] })
    }
}
