import Datapath
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("Rules, against a plain model")
    struct RulePropertyTests {
        @Test(
            "allow beats manual deny beats automatic deny beats prove beats limits, whatever the set of rules",
            arguments: 0..<15)
        func precedence(round: Int) throws {
            var random = SeededGenerator()
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024))
            var model = RuleModel()
            let start = Timestamp.now
            var elapsed = Duration.zero
            var deadAfter: Duration? = nil
            model.rules = Self.rules(until: start + .seconds(60), &random)
            model.known = Set(
                (0..<4).map { _ in RuleModel.place(of: Self.address(isIPv4: .random(using: &random), &random))
                })
            try plane.datapath.know(model.known.map { KnownSource(prefix: $0, beginnings: 900) }, isAll: true)
            plane.datapath.beat(deadAfter: nil)
            try plane.datapath.install(model.rules)

            func compare(_ phase: Comment) throws {
                for _ in 0..<120 {
                    let frame = Self.frame(&random)
                    let isAlive = deadAfter.map { elapsed < $0 } ?? true
                    let wall = start + elapsed
                    let expected = model.fate(of: frame, wall: wall, clock: plane.now, isAlive: isAlive)
                    let fate = try plane.fate(of: frame)
                    let comment: Comment =
                        "\(phase), \(random): \(frame.source) to \(frame.destination) \(frame.destinationPort)"
                    switch expected {
                    case .passes: #expect(fate == .passes, comment)
                    case .dropped: #expect(fate == .dropped, comment)
                    case .asked: #expect(fate != .passes, comment)
                    }
                    if let answer = fate.answer {
                        #expect(expected == .asked, comment)
                        if Bool.random(using: &random) {
                            let reset = try ShieldTests.reset(of: frame, to: answer)
                            #expect(try plane.fate(of: reset) == .dropped, comment)
                            model.prove(by: reset, wall: wall, clock: plane.now, isAlive: isAlive)
                        }
                    }
                    plane.advance(by: .milliseconds(10))
                    elapsed += .milliseconds(10)
                }
                let counted = Dictionary(
                    try plane.datapath.counters().map { ($0.id, $0.dropped) },
                    uniquingKeysWith: { first, _ in first })
                for (id, count) in counted {
                    #expect(count == model.dropped[id] ?? Count(), "\(phase), \(random): rule \(id)")
                }
            }

            try compare("all rules in force")
            let removed = model.rules.filter { _ in Bool.random(using: &random) }
            try plane.datapath.remove(removed)
            model.rules.removeAll { removed.contains($0) }
            try compare("some rules removed")
            try plane.datapath.tidy()
            try compare("gate tidied")
            plane.advance(by: .seconds(60))
            elapsed += .seconds(60)
            try compare("some rules expired")
            deadAfter = .seconds(1)
            plane.datapath.beat(deadAfter: deadAfter)
            try compare("agent dead")
            model.rules.removeFirst(model.rules.count / 2)
            try plane.datapath.removeRules(except: model.rules)
            try compare("only some rules kept")
            try plane.datapath.removeRules(except: [])
            model.rules = []
            try compare("all rules removed")
        }

        /// Rules over few addresses, so that they overlap; no two of the same match, kind and origin.
        private static func rules(until expiry: Timestamp, _ random: inout SeededGenerator) -> [Rule] {
            var rules: [String: Rule] = [:]
            for id in 1...UInt32(60) {
                let isIPv4 = Bool.random(using: &random)
                let prefix = Prefix(
                    address(isIPv4: isIPv4, &random), length: length(isIPv4: isIPv4, &random))
                let kind = Int.random(in: 0..<10, using: &random)
                var rule = Rule(
                    id: id, match: .source(prefix), action: .deny,
                    origin: Bool.random(using: &random) ? .manual : .automatic,
                    isShadowed: Int.random(in: 0..<3, using: &random) == 0,
                    expires: Int.random(in: 0..<3, using: &random) == 0 ? expiry : nil)
                switch kind {
                case 0:
                    (rule.action, rule.origin, rule.isShadowed) = (.allow, .manual, false)
                    rule.match = .source(Prefix(prefix.address, length: max(prefix.length, isIPv4 ? 22 : 56)))
                case 1, 2: rule.action = .limit(rate(&random))
                default: break
                }
                if kind == 3 || kind == 4 {
                    let port = Bool.random(using: &random) ? port(&random) : nil
                    rule.action = .prove(Rule.Proof())
                    rule.match = .scope(
                        Rule.Scope(
                            destination: destination(isIPv4: isIPv4, &random),
                            protocol: port != nil || Bool.random(using: &random) ? .tcp : nil, port: port,
                            source: Bool.random(using: &random) ? prefix : nil))
                } else if rule.action != .allow, Int.random(in: 0..<3, using: &random) == 0 {
                    let number = Bool.random(using: &random) ? IPProtocol.udp : nil
                    rule.match = .scope(
                        Rule.Scope(
                            destination: destination(isIPv4: isIPv4, &random), protocol: number,
                            port: number != nil && Bool.random(using: &random) ? port(&random) : nil,
                            source: Bool.random(using: &random) ? prefix : nil))
                }
                rules["\(rule.match) \(rule.kind) \(rule.origin)"] = rule
            }
            return Array(rules.values)
        }

        /// Any, and those at which the gate or the words of lengths change more often than the others.
        private static func length(isIPv4: Bool, _ random: inout SeededGenerator) -> Int {
            guard Bool.random(using: &random) else {
                return .random(in: 0...(isIPv4 ? 32 : 128), using: &random)
            }
            let edges =
                isIPv4
                ? [0, 7, 8, 15, 16, 17, 24, 25, 31, 32]
                : [0, 31, 32, 47, 48, 63, 64, 65, 96, 127, 128]
            return edges.randomElement(using: &random) ?? 0
        }

        /// By packets, by bytes, or by both.
        private static func rate(_ random: inout SeededGenerator) -> Rule.Rate {
            let packets = UInt32.random(in: 1...20, using: &random)
            let bytes = UInt64.random(in: 1000...5000, using: &random)
            return switch Int.random(in: 0..<3, using: &random) {
            case 0: Rule.Rate(packets: packets)
            case 1: Rule.Rate(bytes: bytes)
            default: Rule.Rate(packets: packets, bytes: bytes) ?? Rule.Rate(packets: packets)
            }
        }

        private static func frame(_ random: inout SeededGenerator) -> Frame {
            let isIPv4 = Bool.random(using: &random)
            return Frame(from: address(isIPv4: isIPv4, &random), to: destination(isIPv4: isIPv4, &random))
                .with {
                    $0.protocol = Bool.random(using: &random) ? 17 : 6
                    $0.destinationPort = port(&random)
                    if $0.protocol == 6, Bool.random(using: &random) { $0.tcpFlags = ShieldTests.syn }
                    // Never the same twice: that would be a retransmission.
                    $0.sequence = .random(in: 0 ... .max, using: &random)
                    $0.payload = Int.random(in: 0...600, using: &random)
                }
        }

        private static func port(_ random: inout SeededGenerator) -> UInt16 {
            Bool.random(using: &random) ? 53 : 80
        }

        private static func address(isIPv4: Bool, _ random: inout SeededGenerator) -> Address {
            let bits = random.next()
            if isIPv4 { return Address(ipv4: 0xC633_6400 ^ UInt32(bits & 0x8101_0107)) }
            return Address(
                ipv6High: 0x2001_0DB8_0042_0000 ^ bits & 0x8000_0100_0101_0101, low: bits >> 32 & 0x0100_0101)
        }

        private static func destination(isIPv4: Bool, _ random: inout SeededGenerator) -> Address {
            let last = UInt64.random(in: 1...2, using: &random)
            return isIPv4
                ? Address(ipv4: 0xC000_0200 + UInt32(last))
                : Address(ipv6High: 0x2001_0DB8_0001_0000, low: last)
        }
    }
}
