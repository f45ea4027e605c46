import ArgumentParser
import BPF
import CTestSupport
import Datapath
import Glibc
import Synchronization
import TestSupport
import Traffic

/// How long a packet waits at most while 64 k prefixes of each family are removed, expire, or go with their maps.
struct StallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stall", abstract: "Times single packets while many prefixes go.")

    @Option(help: "How often each case is measured; the median counts.") var rounds = 5

    private static let count = 1 << 16

    /// Every prefix of the one data plane is a deny rule.
    private static func rules(until expiry: Timestamp?) -> [Rule] {
        (0..<count).flatMap { index in
            [
                Prefix(Address(ipv4: scattered(index)), length: 24 + index % 8),
                Prefix(
                    Address(ipv6High: 0x2001 << 48 | UInt64(scattered(index)) << 12, low: 0),
                    length: 52 + index % 12),
            ].enumerated().map { family, prefix in
                Rule(
                    id: UInt32(2 * index + family + 1), match: .source(prefix), action: .deny,
                    origin: .automatic, expires: expiry)
            }
        }
    }

    func run() throws {
        let cases: [(name: String, body: (Datapath) throws -> Times)] = [
            ("nothing goes", Self.nothing), ("removed by one call", Self.removed),
            ("expired, then removed", Self.expired), ("gone with their maps", Self.freed),
        ]
        var all: [[Times]] = cases.map { _ in [] }
        for _ in 0..<rounds {
            for (place, one) in cases.enumerated() {
                let datapath = try Datapath(loading: .shipped(), now: .now)
                datapath.beat(deadAfter: nil)
                all[place].append(try one.body(datapath))
            }
        }
        print("\nus a packet waits, 128 k prefixes, median of \(rounds)  median   99.99 %   longest    ratio")
        func median(_ place: Int, _ value: (Times) -> Double) -> Double {
            all[place].map(value).sorted()[rounds / 2]
        }
        for (place, one) in cases.enumerated() {
            let longest = median(place) { $0.quantile(1) }
            let columns = [
                median(place) { $0.quantile(0.5) }, median(place) { $0.quantile(0.9999) }, longest,
                longest / median(0) { $0.quantile(1) },
            ]
            print(
                pad(one.name, to: 44, right: false)
                    + columns.map { pad(rounded($0), to: 10, right: true) }.joined())
        }
    }

    private static func nothing(_ datapath: Datapath) throws -> Times {
        try datapath.install(rules(until: nil))
        return try Times(of: datapath) { usleep(200_000) }
    }

    private static func removed(_ datapath: Datapath) throws -> Times {
        let rules = rules(until: nil)
        try datapath.install(rules)
        return try Times(of: datapath) { try datapath.remove(rules) }
    }

    private static func expired(_ datapath: Datapath) throws -> Times {
        let rules = rules(until: .now + .milliseconds(1500))
        try datapath.install(rules)
        return try Times(of: datapath) {
            while let end = rules[0].expires, .now < end + .milliseconds(50) { usleep(10_000) }
            try datapath.remove(rules)
        }
    }

    private static func freed(_ datapath: Datapath) throws -> Times {
        var other: Datapath? = try Datapath(loading: .shipped(), now: .now)
        try other?.install(rules(until: nil))
        try datapath.install(rules(until: nil))
        return try Times(of: datapath) {
            other = nil
            // The kernel frees maps some time after the last holder let go.
            usleep(300_000)
        }
    }
}

/// How long each of many packets took, in microseconds.
private struct Times {
    private let sorted: [Double]

    /// Sends packets of both families one by one, on the last CPU, while `body` runs on the first.
    init(of datapath: Datapath, while body: () throws -> Void) throws {
        let frames = (0..<256).map { index in
            let isIPv4 = index % 2 == 0
            let source =
                isIPv4
                ? Address(ipv4: scattered(index))
                : Address(ipv6High: 0x2001 << 48 | UInt64(scattered(index)) << 12, low: 7)
            let destination = isIPv4 ? Address(ipv4: 0xC0A8_0001) : Address(ipv6High: 0xFD00 << 48, low: 1)
            return Frame(from: source, to: destination).bytes
        }
        let recorder = Recorder(datapath, frames)
        let sender = Sender(cpu: max(Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))) - 1, 0)) { recorder.run() }
        _ = test_pin_to_cpu(0)
        sender.start()
        while !recorder.isUnderWay { usleep(1000) }
        let end = Result { try body() }
        recorder.stop()
        sender.join()
        try end.get()
        sorted = recorder.times.sorted().map { Double($0) / 1000 }
    }

    func quantile(_ share: Double) -> Double {
        sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)]
    }
}

/// Runs a program again and again, and keeps how long each run took.
private final class Recorder: @unchecked Sendable {
    private let datapath: Datapath
    private let frames: [[UInt8]]
    private let runs = Atomic(0)
    private let isStopped = Atomic(false)
    /// Nanoseconds of each run; to be read when the thread has ended.
    private(set) var times: [UInt32] = []

    init(_ datapath: Datapath, _ frames: [[UInt8]]) {
        (self.datapath, self.frames) = (datapath, frames)
        times.reserveCapacity(1 << 22)
    }

    var isUnderWay: Bool { runs.load(ordering: .relaxed) > 1000 }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    func run() -> Count {
        // Before all other work on its CPU, as packets are.
        var priority = sched_param(sched_priority: 50)
        unsafe sched_setscheduler(0, SCHED_FIFO, &priority)
        while !isStopped.load(ordering: .relaxed) {
            let start = Machine.monotonicNanoseconds()
            guard (try? datapath.testRun(frames[times.count % frames.count])) != nil else { break }
            times.append(UInt32(clamping: Machine.monotonicNanoseconds() - start))
            runs.store(times.count, ordering: .relaxed)
            // Else the kernel takes the CPU away from a thread of this kind, for a twentieth of each second.
            if times.count % 256 == 0 { usleep(50) }
        }
        return Count(packets: UInt64(times.count), bytes: 0)
    }
}
