import BPF
import Datapath
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("The table of rules on sources")
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
            // An automatic one is left out, and what stands beside it in a batch is in force.
            let automatic = [Self.block(Self.source(2000), id: 2002), Self.block(Self.source(7), id: 8)]
            #expect(try plane.datapath.install(automatic) == [2002])
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

        @Test("A full table of scopes leaves out what is new and changes what is there; so does mending")
        func fullOfScopes() throws {
            let plane = try Self.plane(slots: 2000)
            let room = DatapathOptions(slotsPerCPU: 1024, ruleSlots: 2000).room.scopes
            func source(_ number: Int) -> Address {
                number % 2 == 0
                    ? Address(ipv4: 0x0A00_0000 + UInt32(number))
                    : Address(ipv6High: 0xFD00 << 48 | UInt64(number), low: 1)
            }
            func rule(_ number: Int) -> Rule {
                let destination = FrameShape.destination(isIPv4: number % 2 == 0)
                let scope = Rule.Scope(destination: destination, source: Prefix(source(number)))
                return Rule(id: UInt32(number + 1), match: .scope(scope), action: .deny, origin: .automatic)
            }
            func frame(_ number: Int) -> Frame {
                let destination = FrameShape.destination(isIPv4: number % 2 == 0)
                return Frame(from: source(number), to: destination)
            }
            #expect(try plane.datapath.install((0..<room).map(rule)) == [])
            #expect(
                try plane.datapath.install([rule(room), rule(room + 1)]) == [
                    UInt32(room + 1), UInt32(room + 2),
                ])
            for number in [0, 1, room - 1] { #expect(try !plane.passes(frame(number))) }
            for number in [room, room + 1] { #expect(try plane.passes(frame(number))) }
            // Shadowing needs no room, beside one that finds none either.
            let shadowed = [0, 1, room].map { number in
                var rule = rule(number)
                rule.isShadowed = true
                return rule
            }
            #expect(try plane.datapath.install(shadowed) == [UInt32(room + 1)])
            for number in [0, 1] { #expect(try plane.passes(frame(number))) }
            let drift = try plane.datapath.mend((0...room).map(rule), in: RulePart(0, of: 1))
            #expect(drift.refused == [UInt32(room + 1)] && drift.missing == 2 && drift.unknown == 0)
            for number in [0, 1] { #expect(try !plane.passes(frame(number))) }
            // Operators are told instead.
            var manual = rule(room)
            manual.origin = .manual
            #expect(throws: (any Error).self) { try plane.datapath.install([manual]) }
            try plane.datapath.remove([rule(0)])
            #expect(try plane.datapath.install([rule(room)]) == [])
            #expect(try !plane.passes(frame(room)))
        }

        @Test(
            "64 k prefixes of each family fit beside as many addresses as configured; the allow-list has room of its own, and says when it is full"
        )
        func fullOfPrefixes() throws {
            let (single, prefixes) = (1024, 65_536)
            let plane = try Self.plane(slots: single + DatapathOptions.prefixSlots)
            func rule(_ id: Int, _ prefix: Prefix, _ action: Rule.Action = .deny) -> Rule {
                Rule(id: UInt32(id), match: .source(prefix), action: action, origin: .manual)
            }
            func four(_ number: Int) -> Prefix { Prefix(Address(ipv4: UInt32(number) << 8), length: 24) }
            func six(_ number: Int) -> Prefix {
                Prefix(Address(ipv6High: 0x2001 << 48 | UInt64(number) << 16, low: 0), length: 48)
            }
            let rules = (0..<prefixes).flatMap { [rule($0 + 1, four($0)), rule($0 + 100_001, six($0))] }
            try plane.datapath.install(rules)
            try plane.datapath.install(
                (0..<single).map { rule($0 + 200_001, Prefix(Address(ipv4: 0xC000_0000 + UInt32($0)))) })
            let error = #expect(throws: DatapathError.self) {
                try plane.datapath.install([rule(300_000, four(prefixes)), rule(300_001, six(prefixes))])
            }
            #expect(
                error?.description
                    == "no room for 2 more rules on sources: there is for 0, and for 132096 in all; raise "
                    + "rule_table.slots, or name prefixes instead of addresses")
            for number in [0, 1, 40_000, prefixes - 1] {
                for prefix in [four(number), six(number)] {
                    #expect(try !plane.passes(Self.frame(from: prefix.address)))
                }
            }
            #expect(try plane.passes(Self.frame(from: six(prefixes).address)))
            let allowed = (0..<16_512).map { rule($0 + 400_001, four($0), .allow) }
            try plane.datapath.install(allowed)
            let more = #expect(throws: DatapathError.self) {
                try plane.datapath.install([rule(500_000, six(7), .allow)])
            }
            #expect(more?.description.contains("no room for 1 more entries of the allow-list") == true)
            #expect(try plane.passes(Self.frame(from: four(16_511).address)))
            #expect(try !plane.passes(Self.frame(from: four(16_512).address)))
            try plane.datapath.remove(allowed + rules)
            #expect(try plane.datapath.counters().count == single)
            try plane.datapath.tidy()
            #expect(try plane.passes(Self.frame(from: four(1).address)))
            #expect(try !plane.passes(Self.frame(from: Address(ipv4: 0xC000_0001))))
        }

        @Test(
            "of nested prefixes of every length, the one that applies is found, wherever it stands",
            arguments: [true, false])
        func nested(isIPv4: Bool) throws {
            let plane = try Self.plane(slots: 1024)
            // The first address of most of them, so that they differ by length alone.
            let source = isIPv4 ? Address(ipv4: 0x0A00_0000) : Address(ipv6High: 0x2001_0DB8 << 32, low: 0)
            for live in 0...source.bitWidth {
                let rules = (0...source.bitWidth).map { length in
                    Rule(
                        id: UInt32(length + 1), match: .source(Prefix(source, length: length)), action: .deny,
                        origin: live % 2 == 0 ? .manual : .automatic,
                        isShadowed: length > live && length % 2 == 0,
                        expires: length > live && length % 2 == 1 ? .now - .seconds(3600) : nil)
                }
                try plane.datapath.install(rules)
                #expect(try !plane.passes(Self.frame(from: source)), "/\(live)")
                let hit = try plane.datapath.counters().filter { $0.dropped.packets > 0 }.map {
                    Int($0.id) - 1
                }
                let shadowed = (live...source.bitWidth).filter { $0 > live && $0 % 2 == 0 }
                #expect(hit.sorted() == [live] + shadowed, "/\(live)")
                let allow = Rule(
                    id: 1000, match: .source(Prefix(source, length: live)), action: .allow, origin: .manual)
                try plane.datapath.install([allow])
                #expect(try plane.passes(Self.frame(from: source)), "/\(live)")
                try plane.datapath.remove(rules + [allow])
                _ = plane.read()
            }
        }

        @Test(
            "prefixes of all lengths that share words of lengths are each found, and their neighbours are not hit"
        )
        func sharedLengths() throws {
            var random = SeededGenerator()
            let plane = try Self.plane(slots: 8192)
            var prefixes: Set<Prefix> = []
            while prefixes.count < 6000 {
                // IPv4 in 256 /16s; of the classes of IPv6 prefixes one in forty has several.
                let isIPv4 = prefixes.count % 3 == 0
                let address =
                    isIPv4
                    ? Address(ipv4: 0x0A00_0000 | UInt32.random(in: 0..<1 << 24, using: &random))
                    : Address(ipv6High: random.next(), low: random.next())
                prefixes.insert(
                    Prefix(address, length: .random(in: isIPv4 ? 17...31 : 33...127, using: &random)))
            }
            var rules = prefixes.enumerated().map { index, prefix in
                Rule(id: UInt32(index + 1), match: .source(prefix), action: .deny, origin: .automatic)
            }
            try plane.datapath.install(rules)
            func compare() throws {
                let inForce = Set(rules.map(\.match.source))
                func isBlocked(_ address: Address) -> Bool {
                    (0...address.bitWidth).contains { inForce.contains(Prefix(address, length: $0)) }
                }
                for prefix in prefixes {
                    let neighbour = Self.neighbour(of: prefix)
                    for address in [prefix.address, neighbour] {
                        #expect(
                            try plane.passes(Self.frame(from: address)) == !isBlocked(address),
                            "\(address) by \(prefix), \(random)")
                    }
                }
            }
            try compare()
            try plane.datapath.remove(Array(rules[..<3000]))
            rules.removeFirst(3000)
            try compare()
            try plane.datapath.tidy()
            try compare()
        }

        /// The first address of the other half of the next wider prefix.
        private static func neighbour(of prefix: Prefix) -> Address {
            let (address, bit) = (prefix.address, prefix.address.bitWidth - prefix.length)
            if address.isIPv4 { return Address(ipv4: UInt32(address.low) ^ 1 << UInt32(bit)) }
            return bit < 64
                ? Address(ipv6High: address.high, low: address.low ^ 1 << UInt64(bit))
                : Address(ipv6High: address.high ^ 1 << UInt64(bit - 64), low: address.low)
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
            let plane = try Self.plane(slots: 120_000)
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

        @Test("memory that is reported is that of the maps, bounded by the options, and rules take no more")
        func memory() throws {
            let small = try Self.plane(slots: 1024)
            let large = try TestPlane(DatapathOptions(slotsPerCPU: 4096, ruleSlots: 101_024))
            let cpus = try Machine.possibleCPUs()
            let before = Int(small.datapath.mapBytes)
            // Two generations of 104 bytes a slot on each CPU; two places of 80 bytes a rule, an eighth of them for the
            // allow-list besides; whole pages.
            let table = 2 * cpus * 104 * (4096 - 1024)
            let more = table + 2 * 80 * 112_500
            #expect(abs(Int(large.datapath.mapBytes) - before - more) < 16_384)
            // The gate is 16 MiB, and so is what is remembered of strangers; everything else is small.
            #expect(before > 32 << 20 && before < 40 << 20)
            let rules = (0..<1000).map { number in
                let prefix = Prefix(Address(ipv6High: UInt64(number) << 16, low: 0), length: 48)
                return Rule(id: UInt32(number + 1), match: .source(prefix), action: .deny, origin: .manual)
            }
            try small.datapath.install(rules)
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
