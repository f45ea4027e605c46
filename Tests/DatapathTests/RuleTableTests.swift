import BPF
import Datapath
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("The table of rules on single addresses")
    struct RuleTableTests {
        private static func plane(slots: Int) throws -> TestPlane {
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024, ruleSlots: slots))
            plane.datapath.beat(deadAfter: nil)
            return plane
        }

        /// Sources of both families in turn, all different.
        private static func source(_ number: Int) -> Address {
            number % 2 == 0
                ? Address(ipv4: 0x0A00_0000 + UInt32(number))
                : Address(ipv6High: 0x2001_0DB8_0000_0000 + UInt64(number), low: 7)
        }

        private static func block(_ source: Address, id: Int) -> Rule {
            Rule(
                id: UInt32(id), match: .source(Prefix(source, length: source.isIPv4 ? 32 : 64)),
                action: .deny,
                origin: id % 3 == 0 ? .manual : .automatic)
        }

        private static func frame(from source: Address) -> Frame {
            Frame(from: source, to: FrameShape.destination(isIPv4: source.isIPv4))
        }

        @Test("a table filled to the last place holds every rule, takes no more, and says what to raise")
        func full() throws {
            let plane = try Self.plane(slots: 2000)
            let rules = (0..<2000).map { Self.block(Self.source($0), id: $0 + 1) }
            try plane.datapath.install(rules)
            let more = Self.block(Self.source(2000), id: 2001)
            let error = #expect(throws: DatapathError.self) { try plane.datapath.install([more]) }
            #expect(error?.description.contains("raise rule_table.slots") == true)
            for number in 0..<2000 { #expect(try !plane.passes(Self.frame(from: Self.source(number)))) }
            #expect(try plane.passes(Self.frame(from: Self.source(2000))))
            #expect(try plane.datapath.counters().allSatisfy { $0.dropped.packets == 1 })
            // What one rule leaves another takes, again and again.
            for round in 0..<20 {
                try plane.datapath.remove([Self.block(Self.source(round), id: round + 1)])
                try plane.datapath.install([Self.block(Self.source(3000 + round), id: 3000 + round)])
                #expect(try plane.passes(Self.frame(from: Self.source(round))))
                #expect(try !plane.passes(Self.frame(from: Self.source(3000 + round))))
            }
            #expect(try plane.datapath.counters().count == 2000)
        }

        @Test("a trie filled to the last prefix takes no more, and goes on", arguments: [true, false])
        func fullTrie(isIPv4: Bool) throws {
            let plane = try Self.plane(slots: 1024)
            func rule(_ number: Int) -> Rule {
                let address =
                    isIPv4
                    ? Address(ipv4: UInt32(number) << 8)
                    : Address(ipv6High: 0x2001 << 48 | UInt64(number) << 16, low: 0)
                return Rule(
                    id: UInt32(number + 1), match: .source(Prefix(address, length: isIPv4 ? 24 : 48)),
                    action: .deny, origin: .automatic)
            }
            try plane.datapath.install((0..<65536).map(rule))
            #expect(throws: (any Error).self) { try plane.datapath.install([rule(65536)]) }
            #expect(try plane.datapath.counters().count == 65536)
            for number in [0, 1, 40_000, 65535] {
                #expect(try !plane.passes(Self.frame(from: rule(number).match.source.address)))
            }
            try plane.datapath.remove((0..<65536).map(rule))
            #expect(try plane.datapath.counters().isEmpty)
            #expect(try plane.passes(Self.frame(from: rule(1).match.source.address)))
        }

        @Test("counters of a million rules are exact, in one pass")
        func million() throws {
            var random = SeededGenerator()
            let plane = try Self.plane(slots: 1 << 20)
            try plane.datapath.install((0..<1 << 20).map { Self.block(Self.source($0), id: $0 + 1) })
            var expected: [UInt32: UInt64] = [:]
            for _ in 0..<500 {
                let number = Int.random(in: 0..<1 << 20, using: &random)
                #expect(try !plane.passes(Self.frame(from: Self.source(number))), "\(random)")
                expected[UInt32(number + 1), default: 0] += 1
            }
            let counted = try plane.datapath.counters()
            #expect(counted.count == 1 << 20)
            let hit = counted.lazy.filter { $0.dropped.packets > 0 }.map { ($0.id, $0.dropped.packets) }
            #expect(Dictionary(uniqueKeysWithValues: hit) == expected, "\(random)")
        }

        @Test("while rules come and go around it, no packet of a blocked source passes, on two CPUs")
        func churn() throws {
            // A small table, so that what comes and goes shares lines with what stays.
            let plane = try Self.plane(slots: 1024)
            let staying = (0..<256).map { Self.block(Self.source($0), id: $0 + 1) }
            try plane.datapath.install(staying)
            let frames = (0..<256).map { Self.frame(from: Self.source($0)).bytes }
            let senders = (0..<2).map { Sender(plane.datapath, frames, calls: 512, times: 4000, cpu: $0) }
            for sender in senders { sender.start() }
            var round = 0
            while !senders.allSatisfy(\.isDone) {
                round += 1
                let passing = (0..<700).map {
                    Self.block(Self.source(1000 * round + $0), id: 1000 * round + $0)
                }
                try plane.datapath.install(passing)
                // The same rule once more, and another in its place: both leave no gap.
                try plane.datapath.install(Array(staying[..<16]))
                try plane.datapath.install(
                    (0..<16).map { Self.block(Self.source($0 + 32), id: 300_000 + 6 * round + $0) })
                try plane.datapath.remove(passing)
            }
            for sender in senders { sender.join() }
            let sent = senders.reduce(UInt64(0)) { $0 + $1.sent.packets }
            let totals = plane.read().totals
            #expect(totals.dropped.packets == sent)
            #expect(totals.flow.packets == 0 && sent > 0 && round > 2)
            #expect(try plane.datapath.counters().count == 256)
        }

        @Test(
            "while tens of thousands of prefixes of each family go, no packet of a blocked source passes, and no other is hit"
        )
        func prefixesGo() throws {
            let plane = try Self.plane(slots: 1024)
            func rules(_ numbers: Range<Int>, isIPv4: Bool) -> [Rule] {
                numbers.map { number in
                    let prefix =
                        isIPv4
                        ? Prefix(Address(ipv4: UInt32(number) << 8), length: 24 + number % 6)
                        : Prefix(
                            Address(ipv6High: 0x2001 << 48 | UInt64(number) << 16, low: 0),
                            length: 48 + number % 12)
                    return Rule(
                        id: UInt32(2 * number + (isIPv4 ? 1 : 2)), match: .source(prefix), action: .deny,
                        origin: .automatic)
                }
            }
            let going = rules(100..<60_000, isIPv4: true) + rules(100..<60_000, isIPv4: false)
            let staying = rules(0..<100, isIPv4: true) + rules(0..<100, isIPv4: false)
            try plane.datapath.install(going + staying)
            let blocked = staying.map { Self.frame(from: $0.match.source.address).bytes }
            let others = (0..<100).map { number in
                let source =
                    number % 2 == 0
                    ? Address(ipv4: 0x0B0B_0000 + UInt32(number))
                    : Address(ipv6High: 0xFD00 << 48, low: UInt64(number))
                return Self.frame(from: source).bytes
            }
            let senders = [blocked, others].enumerated().map { cpu, frames in
                Sender(plane.datapath, frames, calls: 400, times: 4000, cpu: cpu)
            }
            for sender in senders { sender.start() }
            for start in stride(from: 0, to: going.count, by: 5000) {
                try plane.datapath.remove(Array(going[start..<min(start + 5000, going.count)]))
            }
            for sender in senders { sender.join() }
            let totals = plane.read().totals
            #expect(totals.dropped.packets == senders[0].sent.packets)
            #expect(totals.flow.packets == senders[1].sent.packets)
            #expect(try plane.datapath.counters().count == staying.count)
        }

        @Test(
            "memory that is reported is that of the maps: bounded by the options, more with each prefix, and less when it goes"
        )
        func memory() throws {
            let small = try Self.plane(slots: 1024)
            let large = try TestPlane(DatapathOptions(slotsPerCPU: 4096, ruleSlots: 101_024))
            let cpus = try Machine.possibleCPUs()
            let before = Int(small.datapath.mapBytes)
            // Two generations of 104 bytes a slot on each CPU; two places of 80 bytes a rule; whole pages.
            let table = 2 * cpus * 104 * (4096 - 1024)
            let more = table + 2 * 80 * 100_000
            #expect(abs(Int(large.datapath.mapBytes) - before - more) < 16_384)
            // The gate is 16 MiB, and everything else small.
            #expect(before > 16 << 20 && before < 24 << 20)
            let prefixes = (0..<10_000).flatMap { number in
                [
                    Prefix(Address(ipv4: UInt32(number) << 8), length: 24),
                    Prefix(Address(ipv6High: UInt64(number) << 16, low: 0), length: 48),
                ]
            }
            let rules = prefixes.enumerated().map { index, prefix in
                Rule(id: UInt32(index + 1), match: .source(prefix), action: .deny, origin: .manual)
            }
            try small.datapath.install(rules)
            let each = (Int(small.datapath.mapBytes) - before) / rules.count
            #expect(each > 64 && each < 250)
            try small.datapath.remove(rules)
            #expect(Int(small.datapath.mapBytes) == before)
        }

        @Test(
            "an agent with another size makes a table of its own, and one with the same takes over what is there"
        )
        func sizes() throws {
            try Namespace().run {
                let wire = try Wire()
                let rules = (0..<1000).map { Self.block(Self.source($0), id: $0 + 1) }
                func attach(slots: Int) throws -> Datapath {
                    try Datapath.attach(
                        to: [wire.near.name], bpffs: "/sys/fs/bpf",
                        options: DatapathOptions(slotsPerCPU: 1024, ruleSlots: slots), rules: rules, now: .now
                    )
                }
                var datapath: Datapath? = try attach(slots: 1500)
                datapath = nil
                datapath = try attach(slots: 2000)
                #expect(datapath?.isAdopted == false)
                try datapath?.remove(Array(rules[..<500]))
                datapath = nil
                datapath = try attach(slots: 2000)
                #expect(datapath?.isAdopted == true)
                #expect(try datapath?.counters().count == 1000)
                // Every place that is not taken is there for others.
                try datapath?.install((1000..<2000).map { Self.block(Self.source($0), id: $0 + 1) })
                #expect(try datapath?.counters().count == 2000)
                try datapath?.detach()
                try wire.remove()
            }
        }
    }
}

extension Rule.Match {
    /// The prefix of a rule on a source.
    fileprivate var source: Prefix {
        switch self {
        case .source(let prefix): prefix
        case .scope(let scope): Prefix(scope.destination)
        }
    }
}
