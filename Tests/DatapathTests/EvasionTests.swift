import Datapath
import TestSupport
import Testing
import Traffic

/// A way in which other XDP filters are evaded, or count wrongly, and what is to be true of this one.
///
/// They were read in the sources of XDP-Firewall, Kernloom, xdp-filter, Suricata and netobserv.
struct Evasion: Sendable {
    private typealias Change = (inout Frame) -> Void

    /// What is to be true.
    let sentence: String
    let options: DatapathOptions
    let check: @Sendable (Track) throws -> Void

    private init(
        _ sentence: String, _ options: DatapathOptions = DatapathOptions(slotsPerCPU: 1024),
        _ check: @escaping @Sendable (Track) throws -> Void
    ) {
        self.sentence = sentence
        self.options = options
        self.check = check
    }

    private static let blocked = [FrameShape.source(isIPv4: true), FrameShape.source(isIPv4: false)]
    private static let strangers = [Address(ipv4: 0x0A01_0203), Address(ipv6High: 0xFD00 << 48, low: 9)]

    private static func frames(
        from sources: [Address], _ change: (inout Frame) -> Void = { _ in }
    ) -> [Frame] {
        sources.map { source in
            Frame(from: source, to: FrameShape.destination(isIPv4: source.isIPv4)).with(change)
        }
    }

    /// Blocks both sources, as the agent would.
    private static func block(_ track: Track) throws {
        try track.datapath.install(Kernel.LiveTests.block(blocked))
    }

    /// Expects each change to leave blocked what is blocked, and nobody else.
    private static func expectBlocked(_ track: Track, _ changes: [Change]) throws {
        try track.expect(changes.flatMap { frames(from: blocked, $0) }, pass: false)
        try track.expect(changes.flatMap { frames(from: strangers, $0) }, pass: true)
    }

    /// Sources of both families in turn, all different.
    private static func source(_ number: Int) -> Address {
        number % 2 == 0
            ? Address(ipv4: 0x0B00_0000 + UInt32(number))
            : Address(ipv6High: 0x2001_0DB9_0000_0000 + UInt64(number), low: 7)
    }

    static let all: [Evasion] = [
        Evasion("Of a blocked source passes no protocol, be it TCP, UDP, ICMP or any other number") { track in
            try block(track)
            let changes = (UInt8.min ... .max).map { number -> Change in { $0.protocol = number } }
            try expectBlocked(track, changes)
        },
        Evasion("A blocked IPv6 source passes neither with ICMPv6 nor behind extension headers") { track in
            try block(track)
            let headers: [Frame.Extension] = [
                .hopByHop, .routing, .destination, .authentication(words: 4),
                .fragment(offset: 0, more: true), .fragment(offset: 9, more: false),
            ]
            var chains: [[Frame.Extension]] = [[]]
            for header in headers {
                chains += [[header], [.hopByHop, header], Array(repeating: header, count: 9)]
            }
            for number in [1, 6, 17, 47, 58, 59, 135, 253] as [UInt8] {
                let changes = chains.map { chain -> Change in
                    { ($0.protocol, $0.extensions) = (number, chain) }
                }
                try expectBlocked(track, changes)
            }
        },
        Evasion("Tags get no blocked source through, whatever their type, number and VLAN") { track in
            try block(track)
            for type in [0x8100, 0x88A8, 0x9100] as [UInt16] {
                let stacks = [0, 1, 2, 3, 8, 99].map { Array(repeating: type, count: $0) + [0x8100] }
                for control in [0, 1, 100, 0x2000, 0xFFFF] as [UInt16] {
                    let changes = stacks.map { tags -> Change in
                        { ($0.tags, $0.tagControl) = (tags, control) }
                    }
                    try expectBlocked(track, changes)
                }
            }
        },
        Evasion(
            "As many new bans as there is room for push out no live one, and one more is refused",
            DatapathOptions(slotsPerCPU: 1024, ruleSlots: 2000)
        ) { track in
            try block(track)
            try track.datapath.install(bans(3...2000))
            #expect(try track.datapath.install(bans(2001...2001)) == [2001])
            try track.expect(frames(from: blocked + [source(3), source(2000)]), pass: false)
            try track.expect(frames(from: strangers + [source(2001)]), pass: true)
        },
        Evasion("A limit holds while packets of ever new sources flood every table") { track in
            try track.datapath.install(
                blocked.enumerated().map { index, source in
                    Rule(
                        id: UInt32(index + 1), match: .source(Prefix(source)),
                        action: .limit(Rule.Rate(packets: 10)), origin: .automatic)
                })
            var passed = 0
            for round in 0..<20 {
                try track.expect(frames(from: (0..<200).map { source(1000 * round + $0) }), pass: true)
                passed += try track.send((0..<20).flatMap { _ in frames(from: blocked) }).passed
            }
            // A second's worth at once for each, and what the clock lets through in a test of less than 18 seconds.
            #expect((20...400).contains(passed))
            let dropped = try track.datapath.counters().map(\.dropped.packets).reduce(0, +)
            #expect(Int(dropped) + passed == 800)
            #expect(track.datapath.read(at: .now).totals.aside.packets > 0)
        },
        Evasion("One blocked source's packets are counted to the last, on two CPUs at once") { track in
            try block(track)
            for (index, frame) in frames(from: blocked).enumerated() {
                let sent = track.sendFromAllCPUs(frame, count: 20_000)
                let dropped = try track.datapath.counters().first { $0.id == UInt32(index + 1) }?.dropped
                #expect(sent > 0 && dropped == Count(packets: sent, bytes: sent * UInt64(frame.bytes.count)))
            }
        },
        Evasion("Who is allowed passes whatever denies him, without a switch that must be set") { track in
            try block(track)
            let rules = blocked.enumerated().flatMap { index, source in
                [
                    Rule(
                        id: UInt32(index + 10), match: .source(Prefix(source)), action: .deny, origin: .manual
                    ),
                    Rule(
                        id: UInt32(index + 20), match: .source(Prefix(source, length: 8)), action: .deny,
                        origin: .manual),
                ]
            }
            try track.datapath.install(rules)
            try track.expect(frames(from: blocked), pass: false)
            let allow = blocked.enumerated().map { index, source in
                Rule(id: UInt32(index + 30), match: .source(Prefix(source)), action: .allow, origin: .manual)
            }
            try track.datapath.install(allow)
            try track.expect(frames(from: blocked), pass: true)
            try track.datapath.remove(allow)
            try track.expect(frames(from: blocked), pass: false)
        },
        Evasion("A client that alternates between two ports has used two ports, not as many as packets") {
            track in
            _ = track.datapath.read(at: .now)
            try track.expect(
                (0..<200).flatMap { number in
                    frames(from: strangers) { $0.destinationPort = number % 2 == 0 ? 80 : 443 }
                }, pass: true)
            let samples = track.datapath.read(at: .now).samples
            for stranger in strangers {
                let ports = samples.filter { $0.key.source == stranger }.map(\.key.destinationPort)
                #expect(ports.sorted() == [80, 443])
            }
        },
        Evasion("A later fragment has no ports: its payload is neither a service nor a flow of its own") {
            track in
            let change = { (frame: inout Frame) in
                if frame.source.isIPv4 {
                    frame.fragmentField = 0x00B9
                } else {
                    frame.extensions = [.fragment(offset: 185, more: false)]
                }
            }
            try track.datapath.install(denyService(protocol: .udp, port: 53))
            try track.expect(frames(from: strangers), pass: false)
            _ = track.datapath.read(at: .now)
            try track.expect(frames(from: strangers, change), pass: true)
            let keys = track.datapath.read(at: .now).samples.map(\.key)
            #expect(keys.count == 2 && keys.allSatisfy { ($0.sourcePort, $0.destinationPort) == (0, 0) })
            try block(track)
            try track.expect(frames(from: blocked, change), pass: false)
        },
        Evasion("Behind extension headers and options ports are found, for flows and for scoped rules") {
            track in
            let shapes: [Change] = [
                { $0.extensions = [.hopByHop] }, { $0.extensions = [.routing, .destination] },
                { $0.extensions = [.fragment(offset: 0, more: true)] },
                { $0.extensions = [.authentication(words: 4)] },
                { $0.extensions = Array(repeating: .destination, count: 8) },
            ]
            let all =
                shapes.flatMap { frames(from: strangers, $0) }
                + frames(from: [strangers[0]]) { $0.optionWords = 10 }
            _ = track.datapath.read(at: .now)
            try track.expect(all, pass: true)
            let samples = track.datapath.read(at: .now).samples
            #expect(samples.map(\.key.destinationPort) == [53, 53])
            #expect(samples.reduce(0) { $0 + $1.packets } == UInt64(all.count))
            try track.datapath.install(denyService(protocol: .udp, port: 53))
            try track.expect(all, pass: false)
        },
        Evasion(
            "IPv6 has flows as IPv4 has, as many and as exact", DatapathOptions(slotsPerCPU: 1 << 16)
        ) { track in
            _ = track.datapath.read(at: .now)
            try track.expect(frames(from: (0..<6000).map(source)), pass: true)
            let reading = track.datapath.read(at: .now)
            #expect(reading.totals.coverage == 1)
            #expect(reading.samples.count { $0.key.source.isIPv4 } == 3000)
            #expect(reading.samples.count { !$0.key.source.isIPv4 } == 3000)
        },
        Evasion("A hundred thousand bans hold, the first, the last and those between") { track in
            try block(track)
            try track.datapath.install(bans(3...100_000))
            let some = [3, 9_999, 10_000, 10_001, 65_537, 99_999, 100_000]
            try track.expect(frames(from: blocked + some.map(source)), pass: false)
            try track.expect(frames(from: strangers + [source(100_001), source(100_002)]), pass: true)
        },
        Evasion("The number of a VLAN, in whatever byte order, changes neither flow nor verdict") { track in
            let numbers = [0, 1, 0x0100, 0x0FFF, 0xFF0F, 0x8100, 0x0081] as [UInt16]
            let tagged = { (source: Address) in
                numbers.flatMap { number in
                    frames(from: [source]) { ($0.tags, $0.tagControl) = ([0x8100], number) }
                }
            }
            _ = track.datapath.read(at: .now)
            for stranger in strangers { try track.expect(tagged(stranger), pass: true) }
            let samples = track.datapath.read(at: .now).samples
            #expect(samples.map(\.packets) == [UInt64(numbers.count), UInt64(numbers.count)])
            try block(track)
            for source in blocked { try track.expect(tagged(source), pass: false) }
        },
        Evasion("However many CPUs count one flow at once, no packet is lost and none goes another way") {
            track in
            for frame in frames(from: strangers) {
                _ = track.datapath.read(at: .now)
                let sent = track.sendFromAllCPUs(frame, count: 20_000)
                let reading = track.datapath.read(at: .now)
                #expect(reading.samples.map(\.packets) == [sent])
                #expect(reading.totals.flow.packets == sent && reading.totals.frames == sent)
            }
        },
    ]

    private static func bans(_ numbers: ClosedRange<Int>) -> [Rule] {
        numbers.map { number in
            let source = source(number)
            return Rule(
                id: UInt32(number), match: .source(Prefix(source, length: source.isIPv4 ? 32 : 64)),
                action: .deny, origin: .automatic)
        }
    }

    private static func denyService(protocol number: IPProtocol, port: UInt16) -> [Rule] {
        [true, false].enumerated().map { index, isIPv4 in
            Rule(
                id: UInt32(index + 40),
                match: .scope(
                    Rule.Scope(
                        destination: FrameShape.destination(isIPv4: isIPv4), protocol: number, port: port)),
                action: .deny, origin: .manual)
        }
    }
}

extension Kernel {
    @Suite("Fourteen ways around other filters")
    struct EvasionTests {
        @Test("lead nowhere", arguments: Medium.allCases)
        func evasions(_ medium: Medium) throws {
            // Loading takes longer than sending: those that need the same tables share them.
            for (options, evasions) in Dictionary(grouping: Evasion.all, by: \.options) {
                try medium.run(options) { track in
                    for evasion in evasions {
                        try evasion.check(track)
                        try track.datapath.removeRules(except: [])
                        _ = track.datapath.read(at: .now)
                    }
                }
            }
        }
    }
}
