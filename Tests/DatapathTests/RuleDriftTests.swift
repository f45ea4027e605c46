import BPF
import Datapath
import Foundation
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("Rules that others change in the kernel")
    struct RuleDriftTests {
        private let plane: TestPlane
        private static let all = RulePart(0, of: 1)
        /// One in each kind of map, by source: single addresses, networks, and one service for whom it is.
        private let wanted: [Rule]
        private let sources: [Address]

        init() throws {
            plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024, ruleSlots: 1024))
            plane.datapath.beat(deadAfter: nil)
            var (rules, sources): ([Rule], [Address]) = ([], [])
            for number in 0..<40 as Range<UInt32> {
                let source =
                    number % 2 == 0
                    ? Address(ipv4: 0x0A01_0000 + number << 8)
                    : Address(ipv6High: 0x2001_0DB8_0000_0000 + UInt64(number) << 16, low: 7)
                let single = source.isIPv4 ? 32 : 64
                let match: Rule.Match =
                    switch number / 2 % 3 {
                    case 0: .source(Prefix(source, length: single))
                    case 1: .source(Prefix(source, length: single - 8))
                    default:
                        .scope(
                            Rule.Scope(
                                destination: FrameShape.destination(isIPv4: source.isIPv4),
                                source: Prefix(source, length: single)))
                    }
                rules.append(
                    Rule(
                        id: number + 1, match: match, action: .deny,
                        origin: number % 4 < 2 ? .manual : .automatic))
                sources.append(source)
            }
            (wanted, self.sources) = (rules, sources)
            try plane.datapath.install(wanted)
        }

        /// How many of the sources are blocked.
        private func blocked() throws -> Int {
            try sources.count { source in
                try !plane.passes(Frame(from: source, to: FrameShape.destination(isIPv4: source.isIPv4)))
            }
        }

        @Test("rules that nobody touched are left alone, with their counters")
        func untouched() throws {
            #expect(try blocked() == 40)
            #expect(try plane.datapath.mend(wanted, in: Self.all) == RuleDrift())
            #expect(try plane.datapath.counters().allSatisfy { $0.dropped.packets == 1 })
        }

        @Test("a wiped table and an emptied trie are as they were after one call")
        func missing() throws {
            unsafe memset(plane.sourceRules.base, 0, plane.sourceRules.count)
            try plane.datapath.remove(wanted.filter { !Self.isOnSource($0) })
            #expect(try blocked() == 0)
            #expect(try plane.datapath.mend(wanted, in: Self.all) == RuleDrift(missing: 40))
            #expect(try blocked() == 40)
            #expect(try plane.datapath.mend(wanted, in: Self.all) == RuleDrift())
        }

        @Test("rules of others go, and what they made of ours is ours again")
        func unknown() throws {
            let strangers = (0..<4 as Range<UInt32>).map { number in
                Rule(
                    id: 1000 + number,
                    match: .source(Prefix(Address(ipv4: 0x0B00_0000), length: 32 - 2 * Int(number))),
                    action: number < 3 ? .deny : .allow, origin: .manual)
            }
            try plane.datapath.install(strangers)
            var shadowed = wanted[0]
            shadowed.isShadowed = true
            var usurped = wanted[2]
            usurped.id = 2000
            try plane.datapath.install([shadowed, usurped])
            #expect(try blocked() == 39)
            #expect(try plane.datapath.mend(wanted, in: Self.all) == RuleDrift(missing: 2, unknown: 5))
            #expect(try blocked() == 40)
            #expect(try plane.datapath.counters().count == 40)
        }

        @Test("a rule written straight into the table goes")
        func written() throws {
            let memory = plane.sourceRules
            let stranger = Rule(
                id: 1000, match: .source(Prefix(Address(ipv4: 0x0B00_0000))), action: .deny, origin: .manual)
            try plane.datapath.install([stranger])
            let written = unsafe [UInt8](UnsafeRawBufferPointer(start: memory.base, count: memory.count))
            try plane.datapath.remove([stranger])
            _ = plane.read()
            unsafe memory.base.copyMemory(from: written, byteCount: written.count)
            #expect(try plane.datapath.mend(wanted, in: Self.all) == RuleDrift(unknown: 1))
            #expect(try plane.datapath.mend(wanted, in: Self.all) == RuleDrift())
            #expect(try plane.datapath.counters().count == 40)
            #expect(try blocked() == 40)
        }

        private static func isOnSource(_ rule: Rule) -> Bool {
            if case .source = rule.match { true } else { false }
        }

        @Test(
            "from whatever state, a round of parts leads to what is wanted, and the next finds nothing to mend",
            arguments: (0..<12).map { _ in UInt64.random(in: 0...UInt64.max) })
        func converges(seed: UInt64) throws {
            var random = SeededGenerator(seed: seed)
            let wanted = wanted.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
            // Somebody else's rules, some in the places of ours, some under ids of ours.
            let strangers = self.wanted.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }.map {
                rule in
                var stranger = rule
                stranger.id = Bool.random(using: &random) ? rule.id : .random(in: 1...99, using: &random)
                var actions: [Rule.Action] = [.deny, .limit(Rule.Rate(packets: 5))]
                if case .source = rule.match { actions.append(.allow) }
                stranger.action = actions.randomElement(using: &random) ?? .deny
                stranger.origin = Rule.Origin.allCases.randomElement(using: &random) ?? .manual
                stranger.isShadowed = Bool.random(using: &random)
                return stranger
            }
            try plane.datapath.install(strangers)
            try plane.datapath.remove(self.wanted.filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
            if Int.random(in: 0..<3, using: &random) == 0 {
                unsafe memset(plane.sourceRules.base, 0, plane.sourceRules.count)
            }
            let parts = Int.random(in: 1...4, using: &random)
            func round() throws -> RuleDrift {
                try (0..<parts).reduce(into: RuleDrift()) { drift, number in
                    let part = RulePart(number, of: parts)
                    drift += try plane.datapath.mend(wanted.filter { part.contains($0.id) }, in: part)
                }
            }
            // A rule that takes the place of another part's is seen by that part's next turn.
            _ = try round()
            _ = try round()
            #expect(try round() == RuleDrift(), "seed \(seed)")
            #expect(
                Set(try plane.datapath.counters().map(\.id)) == Set(wanted.map(\.id)), "seed \(seed)")
            #expect(try blocked() == wanted.count, "seed \(seed)")
        }

        @Test("of several parts each mends its own")
        func parts() throws {
            unsafe memset(plane.sourceRules.base, 0, plane.sourceRules.count)
            var mended = 0
            for number in 0..<3 {
                let part = RulePart(number, of: 3)
                mended += try plane.datapath.mend(wanted.filter { part.contains($0.id) }, in: part).missing
            }
            #expect(mended == wanted.count(where: Self.isOnSource))
            #expect(try blocked() == 40)
        }
    }
}
