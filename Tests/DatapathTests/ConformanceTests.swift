import Datapath
import Glibc
import TestSupport
import Testing
import Traffic

extension Kernel {
    @Suite("A blocked source gets through in no shape, an allowed one is hit in none")
    struct ConformanceTests {
        private static let sources = [FrameShape.source(isIPv4: true), FrameShape.source(isIPv4: false)]

        /// What else is going on.
        enum Surroundings: String, CaseIterable, CustomTestStringConvertible {
            case quiet = "nothing else is going on"
            case flood = "a flood has filled the flow table"
            case oneSet = "every flow falls into one set of the flow table"
            case fullRules = "every table of rules is filled to the last entry but those that are needed"

            var testDescription: String { rawValue }

            var options: DatapathOptions {
                DatapathOptions(
                    slotsPerCPU: self == .oneSet ? 8 : 1024, ruleSlots: 2000)
            }

            func prepare(_ track: Track) throws {
                switch self {
                case .quiet: break
                case .flood, .oneSet:
                    try track.expect(
                        (0..<UInt32(3000)).map { index in
                            Frame(
                                from: Address(ipv4: 0x0B00_0000 + index),
                                to: FrameShape.destination(isIPv4: true))
                        }, pass: true)
                case .fullRules: try track.datapath.install(Self.filling)
                }
            }

            /// Rules on others, of every kind and of four lengths in each family, that leave room for 24 in each table.
            private static let filling: [Rule] = {
                var rules: [Rule] = []
                func add(_ match: Rule.Match, _ action: Rule.Action, _ origin: Rule.Origin) {
                    rules.append(
                        Rule(id: UInt32(rules.count + 1000), match: match, action: action, origin: origin))
                }
                for index in 0..<2000 - 24 {
                    let source = other(index, 32 - index % 4, 128 - index % 4, isIPv4: index % 8 < 4)
                    add(
                        .source(source), index % 3 == 0 ? .limit(Rule.Rate(packets: 1)) : .deny,
                        index % 5 == 0 ? .manual : .automatic)
                }
                for index in 0..<250 - 24 {
                    add(.source(other(index, 30, 62, isIPv4: index % 2 == 0)), .allow, .manual)
                }
                for index in 0..<16384 - 24 {
                    let destination = other(index, 32, 128, isIPv4: index % 2 == 0).address
                    add(.scope(Rule.Scope(destination: destination)), .deny, .manual)
                }
                return rules
            }()

            private static func other(_ index: Int, _ length4: Int, _ length6: Int, isIPv4: Bool) -> Prefix {
                isIPv4
                    ? Prefix(Address(ipv4: 0x0A00_0000 + UInt32(index) << 3), length: length4)
                    : Prefix(Address(ipv6High: 0xFD00 << 48 | UInt64(index) << 3, low: 0), length: length6)
            }
        }

        @Test(
            "from minimum to jumbo frames, whatever else is going on", arguments: Medium.allCases,
            Surroundings.allCases)
        func conforms(_ medium: Medium, _ surroundings: Surroundings) throws {
            try medium.run(surroundings.options) { track in
                try surroundings.prepare(track)
                for situation in ConformanceCase.all {
                    let rules = situation.rules(around: Self.sources)
                    try track.datapath.install(rules)
                    let frames = FrameShape.all.filter(situation.concerns).flatMap { shape in
                        [0, 6, 1000, 8000].map { payload in shape.example.with { $0.payload = payload } }
                    }
                    _ = track.datapath.read(at: .now)
                    let (passing, blocked) = (
                        frames.filter(situation.passes), frames.filter { !situation.passes($0) }
                    )
                    if !passing.isEmpty { try track.expect(passing, pass: true, "\(situation)") }
                    #expect(track.datapath.read(at: .now).totals.dropped.packets == 0)
                    // A tag on a frame of full size does not fit the wire.
                    let sent = try track.send(blocked)
                    #expect(sent.passed == 0, "\(situation)")
                    #expect(sent.sent > blocked.count * 3 / 4 || blocked.isEmpty)
                    #expect(track.datapath.read(at: .now).totals.dropped.packets == UInt64(sent.sent))
                    try track.datapath.remove(rules)
                }
            }
        }

        @Test(
            "by the prefix that IPv6 sources are banned by, another address of it is blocked, and one of the next is not",
            arguments: Medium.allCases, [48, 56, 64, 127, 128])
        func accountedPrefix(_ medium: Medium, length: Int) throws {
            try medium.run(DatapathOptions(slotsPerCPU: 1024)) { track in
                let source = FrameShape.source(isIPv4: false)
                let banned = Prefix(source, length: length)
                try track.datapath.install([
                    Rule(id: 1, match: .source(banned), action: .deny, origin: .automatic)
                ])
                let shapes = FrameShape.all.filter { !$0.isIPv4 }
                func frames(from source: Address) -> [Frame] {
                    shapes.map { $0.frame(from: source, to: FrameShape.destination(isIPv4: false)) }
                }
                // The last bits turned round, and the last bit of the prefix.
                let (same, next) = (
                    Self.flipped(source, bits: length..<128), Self.flipped(source, bits: length - 1..<length)
                )
                #expect(banned.contains(same) && !banned.contains(next))
                try track.expect(frames(from: same), pass: false)
                try track.expect(frames(from: next), pass: true)
            }
        }

        private static func flipped(_ address: Address, bits: Range<Int>) -> Address {
            bits.reduce(address) { address, bit in
                bit < 64
                    ? Address(ipv6High: address.high ^ 1 << (63 - bit), low: address.low)
                    : Address(ipv6High: address.high, low: address.low ^ 1 << (127 - bit))
            }
        }

        @Test("the last rule for which there is room holds like the first", arguments: [true, false])
        func lastRule(isIPv4: Bool) throws {
            let plane = try TestPlane(DatapathOptions(slotsPerCPU: 1024, ruleSlots: 65_536))
            plane.datapath.beat(deadAfter: nil)
            let source = FrameShape.source(isIPv4: isIPv4)
            let others = (0..<UInt32(65535)).map { index in
                let prefix =
                    isIPv4
                    ? Prefix(Address(ipv4: 0x0A00_0000 + index << 2), length: 30)
                    : Prefix(Address(ipv6High: 0xFD00 << 48 | UInt64(index) << 16, low: 0), length: 48)
                return Rule(id: index + 10, match: .source(prefix), action: .deny, origin: .automatic)
            }
            let last = Rule(
                id: 1, match: .source(Prefix(source, length: isIPv4 ? 30 : 48)), action: .deny,
                origin: .automatic)
            try plane.datapath.install(others)
            try plane.datapath.install([last])
            for shape in FrameShape.all where shape.isIPv4 == isIPv4 {
                #expect(try !plane.passes(shape.example), "\(shape)")
            }
            let stranger = isIPv4 ? Address(ipv4: 0x0C00_0001) : Address(ipv6High: 0xFC00 << 48, low: 1)
            let destination = FrameShape.destination(isIPv4: isIPv4)
            #expect(try plane.passes(Frame(from: stranger, to: destination)))
        }
    }
}
