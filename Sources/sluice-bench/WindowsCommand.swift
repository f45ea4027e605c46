import ArgumentParser
import BPF
import CTestSupport
import Datapath
import Features
import TestSupport
import Traffic

/// CPU time to read many flows out of the kernel as the agent does, and to build the windows of both views from them.
struct WindowsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "windows",
        abstract: "Reads many flows, and builds their windows; prints nanoseconds a flow sample of either.")

    @Option(help: "Flows of one reading; half of them answer the other half.") var samples = 100_000
    @Option(help: "Hosts that they are of, clients and servers together.") var entities = 20_000
    @Option(help: "Slots of all CPUs together; a power of two.") var slots = 262_144
    @Option(help: "Readings, one a second; the medians of the later half count.") var rounds = 15

    func run() throws {
        guard samples >= 2, entities >= 20, rounds >= 2 else {
            throw ValidationError("too little to measure")
        }
        let cpus = try Machine.possibleCPUs()
        var now = Timestamp.now
        let datapath = try Datapath(
            loading: .shipped(), options: DatapathOptions(slotsPerCPU: slots / cpus), now: now)
        var builder = WindowBuilder(configuration: configuration)
        var (reads, builds): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds {
            for cpu in 0..<cpus { try send(through: datapath, on: cpu, of: cpus) }
            // Each reading is a window of its own, and not shorter than sending took.
            now = max(now + .seconds(1), .now)
            let start = ReadingCommand.cpuNanoseconds()
            let reading = datapath.read(at: now)
            let middle = ReadingCommand.cpuNanoseconds()
            _ = builder.observe(reading)
            let end = ReadingCommand.cpuNanoseconds()
            let count = Double(reading.samples.count)
            guard count > Double(samples) * 0.98 else {
                throw ValidationError("only \(count) flows stood in the table: give it more slots")
            }
            reads.append((middle - start) / count)
            builds.append((end - middle) / count)
        }
        print(median(reads), median(builds))
    }

    /// Tables in which all that there is has a place.
    private var configuration: WindowConfiguration {
        var configuration = WindowConfiguration()
        configuration.sourceCapacity = 65_536
        configuration.destinationCapacity = 65_536
        configuration.conversationCapacity = 131_072
        configuration.serviceCapacity = 131_072
        return configuration
    }

    private func median(_ times: [Double]) -> Double {
        let later = times.suffix(rounds / 2).sorted()
        return later[later.count / 2]
    }

    /// Three packets each way of lasting connections between clients and servers, each flow on one CPU, as queues have them.
    private func send(through datapath: Datapath, on cpu: Int, of cpus: Int) throws {
        guard test_pin_to_cpu(CInt(cpu)) == 0 else { throw ValidationError("cannot run on CPU \(cpu)") }
        let clients = entities * 9 / 10
        var frames = [100, 846].map { payload in
            Frame(from: Address(ipv4: 0), to: Address(ipv4: 0)).with {
                ($0.protocol, $0.tcpFlags, $0.payload) = (6, 16, payload)
            }.bytes
        }
        for flow in 0..<samples where Int(scattered(flow) >> 16) % cpus == cpu {
            let (connection, direction) = (flow / 2, flow % 2)
            let client = 0x0A00_0000 + UInt32(connection % clients)
            let server = 0xC0A8_0000 + UInt32(connection * 7 % (entities - clients))
            let addresses = direction == 0 ? client.bytes + server.bytes : server.bytes + client.bytes
            let (port, service) = (UInt16(10_000 + connection / clients), UInt16(443))
            let ports = direction == 0 ? port.bytes + service.bytes : service.bytes + port.bytes
            // Addresses stand at the end of the IP header, ports behind them.
            frames[direction].replaceSubrange(26..<38, with: addresses + ports)
            for _ in 0..<3 { _ = try datapath.testRun(frames[direction]) }
        }
    }
}
