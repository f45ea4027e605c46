import Datapath
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("Rules")
    struct RuleTests {
        /// Where a rule against one source may stand.
        enum Place: CaseIterable, CustomTestStringConvertible {
            case manualExact, manualPrefix, automaticExact, automaticPrefix, sourcePrefix

            var testDescription: String {
                switch self {
                case .manualExact: "a manual rule for its address"
                case .manualPrefix: "a manual rule for a prefix"
                case .automaticExact: "an automatic rule for its address"
                case .automaticPrefix: "an automatic rule for a prefix"
                case .sourcePrefix: "an automatic rule for its /64"
                }
            }

            func deny(_ source: Address, id: UInt32) -> Rule {
                let length =
                    switch self {
                    case .manualExact, .automaticExact: source.bitWidth
                    case .manualPrefix, .automaticPrefix: source.isIPv4 ? 23 : 40
                    case .sourcePrefix: source.isIPv4 ? 31 : 64
                    }
                return Rule(
                    id: id, match: .source(Prefix(source, length: length)), action: .deny,
                    origin: [.manualExact, .manualPrefix].contains(self) ? .manual : .automatic)
            }
        }

        private static let sources = [FrameShape.source(isIPv4: true), FrameShape.source(isIPv4: false)]
        private static let strangers = [
            Address(ipv4: 0xC000_02FE), Address(ipv6High: 0x2001_0DB9_0042_0001, low: 7),
        ]

        @Test(
            "a blocked source gets no packet through that shows whose it is, in no shape, cut at no length",
            arguments: Place.allCases)
        func nothingGetsThrough(place: Place) throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            try plane.datapath.install(Self.sources.enumerated().map { place.deny($1, id: UInt32($0 + 1)) })
            var dropped = Count()
            for shape in FrameShape.all {
                let frame = shape.example.bytes
                for length in 14...min(frame.count, 160) {
                    let cut = Array(frame[..<length])
                    let isKnown = Expected.source(of: cut) != nil
                    #expect(try plane.passes(cut) != isKnown, "\(shape), cut to \(length) bytes")
                    if isKnown { dropped += Count(packets: 1, bytes: UInt64(length)) }
                }
            }
            #expect(plane.read().totals.dropped == dropped)
            var counted = Count()
            for counter in try plane.datapath.counters() { counted += counter.dropped }
            #expect(counted == dropped)
        }

        @Test("other sources are not hit by a block, in any shape", arguments: Place.allCases)
        func strangersPass(place: Place) throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            try plane.datapath.install(Self.sources.enumerated().map { place.deny($1, id: UInt32($0 + 1)) })
            for shape in FrameShape.all {
                let stranger = Self.strangers[shape.isIPv4 ? 0 : 1]
                #expect(
                    try plane.passes(shape.frame(from: stranger, to: Self.sources[shape.isIPv4 ? 0 : 1])),
                    "\(shape)")
            }
        }

        @Test(
            "an allowed source is never hit, in any shape, by a block of its address or of a block around it")
        func allowed() throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            for source in Self.sources {
                try plane.datapath.install(
                    Place.allCases.enumerated().map { $1.deny(source, id: UInt32($0 + 1)) } + [
                        Rule(id: 90, match: .source(Prefix(source)), action: .allow, origin: .manual),
                        Rule(
                            id: 91, match: .source(Prefix(source)), action: .limit(Rule.Rate(packets: 1)),
                            origin: .automatic),
                    ])
            }
            for shape in FrameShape.all { #expect(try plane.passes(shape.example), "\(shape)") }
        }

        @Test("an IPv6 rule of any length takes effect, for random prefixes")
        func ipv6Prefixes() throws {
            var random = SeededGenerator()
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            for id in 1...UInt32(300) {
                let source = Address(ipv6High: random.next(), low: random.next())
                let rule = Rule(
                    id: id, match: .source(Prefix(source, length: .random(in: 20...128, using: &random))),
                    action: .deny,
                    origin: .automatic)
                try plane.datapath.install([rule])
                let frame = Frame(from: source, to: FrameShape.destination(isIPv4: false))
                #expect(try !plane.passes(frame), "\(rule.match), \(random)")
                try plane.datapath.remove([rule])
                try plane.datapath.tidy()
                #expect(try plane.passes(frame), "\(rule.match), \(random)")
            }
        }

        @Test(
            "a rule ends at its expiry, to the nanosecond, without the agent, also when that was moved",
            arguments: [32, 24], [[60], [60, 600], [600, 60]])
        func expiry(length: Int, seconds: [Int]) throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            let source = Self.sources[0]
            let frame = Frame(from: source, to: FrameShape.destination(isIPv4: true))
            let began = plane.now
            for seconds in seconds {
                try plane.datapath.install([
                    Rule(
                        id: 1, match: .source(Prefix(source, length: length)), action: .deny,
                        origin: .automatic, expires: .now + .seconds(seconds))
                ])
            }
            let end = began + UInt64(seconds[seconds.count - 1]) * 1_000_000_000
            // The end on the program's clock is some microseconds off: found by halving.
            var (held, over) = (plane.now, plane.now + 1_200_000_000_000)
            while over - held > 1 {
                let middle = held + (over - held) / 2
                plane.now = middle
                if try plane.passes(frame) { over = middle } else { held = middle }
            }
            // As long as installing took.
            #expect((end..<end + 30_000_000_000).contains(over))
            plane.now = held
            #expect(try !plane.passes(frame))
            plane.now = over
            #expect(try plane.passes(frame))
        }

        @Test("a rule that was over when it was installed has no effect")
        func expiredBefore() throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            try plane.datapath.install(
                Self.sources.enumerated().map { index, source in
                    Rule(
                        id: UInt32(index), match: .source(Prefix(source)), action: .deny, origin: .manual,
                        expires: .now - .seconds(1))
                })
            for shape in FrameShape.all { #expect(try plane.passes(shape.example), "\(shape)") }
        }

        @Test("an allow entry ends at its expiry, and a wider one behind it holds")
        func allowExpires() throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            let source = Self.sources[0]
            let frame = Frame(from: source, to: FrameShape.destination(isIPv4: true))
            let wide = Rule(
                id: 2, match: .source(Prefix(source, length: 24)), action: .allow, origin: .manual,
                expires: .now + .seconds(120))
            try plane.datapath.install([
                Rule(
                    id: 1, match: .source(Prefix(source)), action: .allow, origin: .manual,
                    expires: .now + .seconds(60)),
                wide, Rule(id: 3, match: .source(Prefix(source)), action: .deny, origin: .manual),
            ])
            #expect(try plane.passes(frame))
            plane.advance(by: .seconds(90))
            #expect(try plane.passes(frame))
            plane.advance(by: .seconds(60))
            #expect(try !plane.passes(frame))
        }

        @Test(
            "a limit lets its rate through, after a burst of one second",
            arguments: [10, 100, 1000] as [UInt32])
        func limit(rate: UInt32) throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            let source = Self.sources[1]
            let frame = Frame(from: source, to: FrameShape.destination(isIPv4: false)).bytes
            try plane.datapath.install([
                Rule(
                    id: 1, match: .source(Prefix(source, length: 64)),
                    action: .limit(Rule.Rate(packets: rate)), origin: .automatic)
            ])
            // Ten times the rate, for five seconds.
            var passed: UInt32 = 0
            for _ in 0..<rate * 50 {
                if try plane.passes(frame) { passed += 1 }
                plane.advance(by: .nanoseconds(100_000_000 / Int64(rate)))
            }
            #expect((rate * 6 - 1...rate * 6 + 2).contains(passed), "\(passed) of \(rate * 50) passed")
            let counted = try plane.datapath.counters().first
            #expect(counted?.dropped.packets == UInt64(rate * 50 - passed))
        }

        @Test(
            "a limit by bytes lets its rate through, after a burst of one second, however long the frames",
            arguments: [0, 400, 1400])
        func byteLimit(payload: Int) throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            for source in Self.sources {
                let frame = Frame(from: source, to: FrameShape.destination(isIPv4: source.isIPv4))
                    .with { $0.payload = payload }.bytes
                let rate = UInt64(frame.count * 20)
                try plane.datapath.install([
                    Rule(
                        id: 1, match: .source(Prefix(source)), action: .limit(Rule.Rate(bytes: rate)),
                        origin: .manual)
                ])
                // Five times the rate, for five seconds.
                var passed = 0
                for _ in 0..<500 {
                    if try plane.passes(frame) { passed += 1 }
                    plane.advance(by: .milliseconds(10))
                }
                #expect((119...122).contains(passed), "\(passed) of 500 passed, from \(source)")
            }
        }

        @Test("a scoped block drops its service's traffic, from its sources, and nothing else")
        func scoped() throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            for isIPv4 in [true, false] {
                let (source, victim) = (Self.sources[isIPv4 ? 0 : 1], FrameShape.destination(isIPv4: isIPv4))
                let network = Prefix(source, length: isIPv4 ? 24 : 48)
                let tcp = Frame(from: source, to: victim).with {
                    ($0.protocol, $0.destinationPort) = (6, 443)
                }
                let scope = Rule.Scope(destination: victim, protocol: .tcp, port: 443, source: network)
                let rule = Rule(id: 1, match: .scope(scope), action: .deny, origin: .manual)
                try plane.datapath.install([rule])
                #expect(try !plane.passes(tcp))
                let others = [
                    tcp.with { $0.protocol = 17 }, tcp.with { $0.destinationPort = 80 },
                    tcp.with { $0.source = Self.strangers[isIPv4 ? 0 : 1] },
                    tcp.with { $0.destination = Self.strangers[isIPv4 ? 0 : 1] },
                ]
                for other in others { #expect(try plane.passes(other), "\(other)") }
                let allow = Rule(id: 2, match: .source(Prefix(source)), action: .allow, origin: .manual)
                try plane.datapath.install([allow])
                #expect(try plane.passes(tcp))
                try plane.datapath.remove([allow])
                #expect(try !plane.passes(tcp))
                try plane.datapath.remove([rule])
                #expect(try plane.passes(tcp))
            }
        }

        @Test("a rule that the program could not look up, or not as it was meant, is refused")
        func refused() throws {
            let plane = try TestPlane()
            let here = Self.sources[0]
            let cases: [(Rule.Match, Rule.Action)] = [
                (.scope(Rule.Scope(destination: here, port: 53)), .limit(Rule.Rate(packets: 1))),
                (.scope(Rule.Scope(destination: here)), .allow),
                (.scope(Rule.Scope(destination: here, source: Prefix(Self.sources[1]))), .deny),
                (.source(Prefix(here)), .limit(Rule.Rate(bytes: 999))),
            ]
            for (match, action) in cases {
                let error = #expect(throws: DatapathError.self) {
                    try plane.datapath.install([
                        Rule(id: 6, match: .source(Prefix(here)), action: .deny, origin: .automatic),
                        Rule(id: 7, match: match, action: action, origin: .automatic),
                    ])
                }
                #expect(error?.description.contains("rule 7") == true)
            }
            #expect(try plane.datapath.counters().isEmpty)
        }

        @Test("a rule keeps its counters when it is installed again, and a new one starts at zero")
        func reinstall() throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            let source = Self.sources[0]
            var rule = Rule(id: 7, match: .source(Prefix(source)), action: .deny, origin: .automatic)
            let frame = Frame(from: source, to: FrameShape.destination(isIPv4: true)).bytes
            try plane.datapath.install([rule])
            _ = try plane.passes(frame)
            rule.expires = .now + .seconds(600)
            try plane.datapath.install([rule])
            _ = try plane.passes(frame)
            #expect(
                try plane.datapath.counters().map(\.dropped) == [
                    Count(packets: 2, bytes: 2 * UInt64(frame.count))
                ])
            #expect(try plane.datapath.counters().first?.lastHit != nil)
            rule.id = 8
            try plane.datapath.install([rule])
            #expect(try plane.datapath.counters() == [RuleCounters(id: 8, dropped: Count(), lastHit: nil)])
        }

        @Test("the counters of one rule are exact when all CPUs hit it at once")
        func sharedCounters() throws {
            let plane = try TestPlane()
            plane.datapath.beat(deadAfter: nil)
            try plane.datapath.install([
                Rule(id: 1, match: .source(Prefix(Self.sources[0])), action: .deny, origin: .automatic)
            ])
            let frame = FrameShape.all[0].example.bytes
            let senders = (0..<2).map { Sender(plane.datapath, [frame], calls: 20, times: 50_000, cpu: $0) }
            for sender in senders { sender.start() }
            for sender in senders { sender.join() }
            #expect(
                try plane.datapath.counters().map(\.dropped) == [
                    Count(packets: 2_000_000, bytes: 2_000_000 * UInt64(frame.count))
                ])
            #expect(plane.read().totals.dropped.packets == 2_000_000)
        }
    }
}
