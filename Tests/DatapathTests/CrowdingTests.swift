import BPF
import CSluiceABI
import Datapath
import TestSupport
import Testing
import Traffic

extension Kernel {
    /// Whoever could choose addresses that meet in one place would aim at it; hashes are seeded at random with each load.
    @Suite("Addresses chosen to crowd one place of a table under one seed")
    struct CrowdingTests {
        private let options = DatapathOptions(slotsPerCPU: 1024, ruleSlots: 200)

        @Test(
            "flows that all fall into one set are spread under another seed, each into an entry",
            arguments: [true, false])
        func flows(isIPv4: Bool) throws {
            let (known, other) = (try TestPlane(options), try TestPlane(options))
            var bySet: [Int: [Address]] = [:]
            for batch in 0..<80 {
                let sources = (0..<100).map { Self.source(100 * batch + $0, isIPv4: isIPv4) }
                known.send(Self.frames(from: sources))
                for (source, set) in Self.sets(of: sources, in: known) {
                    bySet[set, default: []].append(source)
                }
                _ = known.read()
            }
            let chosen = Array(try #require(bySet.values.max { $0.count < $1.count }).prefix(48))
            #expect(chosen.count == 48)
            known.send(Self.frames(from: chosen))
            #expect(known.read().totals.flow.packets == 8)
            other.send(Self.frames(from: chosen))
            #expect(other.read().totals.flow.packets == 48)
        }

        @Test(
            "sources whose rules all belong into one line are spread under another seed, and blocked under both",
            arguments: [true, false])
        func rules(isIPv4: Bool) throws {
            let (known, other) = (try TestPlane(options), try TestPlane(options))
            var byLine: [Int: [Rule]] = [:]
            for batch in 0..<250 {
                let rules = (0..<50).map { number in
                    let source = Self.source(50 * batch + number, isIPv4: isIPv4)
                    return Rule(
                        id: UInt32(number + 1), match: .source(Prefix(source, length: isIPv4 ? 32 : 64)),
                        action: .deny, origin: .manual)
                }
                try known.datapath.install(rules)
                for (id, line) in Self.lines(in: known) {
                    byLine[line, default: []].append(rules[Int(id) - 1])
                }
                try known.datapath.remove(rules)
                _ = known.read()
            }
            let chosen = try #require(byLine.values.max { $0.count < $1.count }).prefix(40).enumerated().map {
                index, rule in
                var rule = rule
                rule.id = UInt32(index + 1)
                return rule
            }
            #expect(chosen.count == 40)
            for plane in [known, other] {
                try plane.datapath.install(chosen)
                for rule in chosen {
                    guard case .source(let prefix) = rule.match else { continue }
                    let frame = Frame(from: prefix.address, to: FrameShape.destination(isIPv4: isIPv4))
                    #expect(try !plane.passes(frame))
                }
            }
            // The most of them in eight lines on end, which hold sixteen rules.
            func most(_ plane: TestPlane) -> Int {
                let lines = Self.lines(in: plane).map(\.line)
                return lines.map { first in lines.count { (first..<first + 8).contains($0) } }.max() ?? 0
            }
            #expect(most(known) == 16)
            #expect(most(other) < 16)
        }

        private static func source(_ number: Int, isIPv4: Bool) -> Address {
            isIPv4
                ? Address(ipv4: 0x0A00_0000 + UInt32(number))
                : Address(ipv6High: 0x2001_0DB8 << 32 | UInt64(number), low: UInt64(number))
        }

        /// A packet of each.
        private static func frames(from sources: [Address]) -> [Frame] {
            sources.map { Frame(from: $0, to: FrameShape.destination(isIPv4: $0.isIPv4)) }
        }

        /// Sets of the flow table that these sources' flows stand in; the last four bytes tell them apart.
        private static func sets(of sources: [Address], in plane: TestPlane) -> [(Address, Int)] {
            let byWord = Dictionary(
                uniqueKeysWithValues: sources.map { (UInt32(truncatingIfNeeded: $0.low).bigEndian, $0) })
            let count = plane.flows.count / MemoryLayout<FlowSetABI>.stride
            let sets = unsafe plane.flows.base.assumingMemoryBound(to: FlowSetABI.self)
            var found: [(Address, Int)] = []
            for index in 0..<count {
                let tags = unsafe sets[index].tags
                guard tags != 0 else { continue }
                unsafe withUnsafeBytes(of: &sets[index].entries) { raw in
                    let entries = unsafe raw.bindMemory(to: FlowEntryABI.self)
                    for way in 0..<8 where tags >> UInt64(8 * way) & 0xFF != 0 {
                        if let source = unsafe byWord[entries[way].saddr] {
                            found.append((source, index % 128))
                        }
                    }
                }
            }
            return found
        }

        /// Ids of the rules on sources, and the lines that they stand in.
        private static func lines(in plane: TestPlane) -> [(id: UInt32, line: Int)] {
            let heads = unsafe plane.sourceRules.base.assumingMemoryBound(to: RuleHeadABI.self)
            let rests = unsafe plane.sourceRest.base.assumingMemoryBound(to: RuleRestABI.self)
            return (0..<plane.sourceRules.count / MemoryLayout<RuleHeadABI>.stride).compactMap { place in
                guard unsafe UInt32(heads[place].flags) & RULE_IN_FORCE.rawValue != 0 else { return nil }
                return (unsafe rests[place].id, place / Int(SOURCE_LINE))
            }
        }
    }
}
