import ArgumentParser
import BPF
import CTestSupport
import Datapath
import Glibc
import TestSupport
import Traffic

/// CPU time to read a full generation of the flow table into merged samples, and to clear it, for each slot.
struct ReadingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reading", abstract: "Reads full flow tables; prints nanoseconds a slot.")

    @Option(help: "Slots of all CPUs together; a power of two.") var slots = 131_072
    @Option(help: "How often they are read; the median counts.") var rounds = 15

    func run() throws {
        let cpus = try Machine.possibleCPUs()
        let datapath = try Datapath(
            loading: .shipped(), options: DatapathOptions(slotsPerCPU: slots / cpus), now: .now)
        var times: [Double] = []
        for _ in 0..<rounds {
            for cpu in 0..<cpus { try Self.send(flows: slots / cpus, through: datapath, on: cpu) }
            let start = Self.cpuNanoseconds()
            let reading = datapath.read(at: .now)
            times.append((Self.cpuNanoseconds() - start) / Double(slots))
            guard reading.samples.count > slots / cpus * 8 / 10 else {
                throw ValidationError("only \(reading.samples.count) flows stood in the table")
            }
        }
        print(times.sorted()[times.count / 2])
    }

    /// One packet each of the same flows, so that what several CPUs saw has to be merged.
    private static func send(flows: Int, through datapath: Datapath, on cpu: Int) throws {
        guard test_pin_to_cpu(CInt(cpu)) == 0 else { throw ValidationError("cannot run on CPU \(cpu)") }
        var frame = Frame(from: Address(ipv4: 0x0A00_0000), to: Address(ipv4: 0xC0A8_0001)).bytes
        for flow in 0..<flows {
            // The source's last two bytes, and its port.
            frame.replaceSubrange(28..<30, with: UInt16(truncatingIfNeeded: flow).bytes)
            frame.replaceSubrange(34..<36, with: UInt16(truncatingIfNeeded: flow >> 16).bytes)
            _ = try datapath.testRun(frame)
        }
    }

    /// CPU time of this thread so far.
    static func cpuNanoseconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
