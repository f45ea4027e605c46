import TestSupport
import Testing
import Traffic

/// A situation in which a source is blocked or not, as a sentence; it must hold whatever the shape of its packets.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Whether a packet of the source gets through.
    let passes: @Sendable (Frame) -> Bool
    /// Whether it is about packets of this shape.
    let concerns: @Sendable (FrameShape) -> Bool
    private let make: @Sendable (Address) -> [Rule]

    private init(_ sentence: String, passes: Bool, _ make: @escaping @Sendable (Address) -> [Rule]) {
        testDescription = sentence
        self.passes = { _ in passes }
        concerns = { _ in true }
        self.make = make
    }

    /// About a service: what can be told of a packet only where its flow is known.
    private init(
        _ sentence: String, blocks: @escaping @Sendable (FlowKey) -> Bool,
        _ make: @escaping @Sendable (Address) -> [Rule]
    ) {
        testDescription = sentence
        passes = { frame in if case .flow(let key) = Expected(frame.bytes) { !blocks(key) } else { true } }
        concerns = { if case .flow = Expected($0.example.bytes) { true } else { false } }
        self.make = make
    }

    /// The rules around `sources`, each with an id of its own.
    func rules(around sources: [Address]) -> [Rule] {
        sources.flatMap(make).enumerated().map { index, rule in
            var rule = rule
            rule.id = UInt32(index + 1)
            return rule
        }
    }

    static let all: [ConformanceCase] = [
        ConformanceCase("no rule is about it", passes: true) { source in
            [deny(Prefix(neighbour(of: source)), .manual), deny(Prefix(neighbour(of: source)), .automatic)]
        },
        ConformanceCase("a manual rule denies its address", passes: false) { [deny(Prefix($0), .manual)] },
        ConformanceCase("an automatic rule denies its address", passes: false) {
            [deny(Prefix($0), .automatic)]
        },
        ConformanceCase("a manual rule denies a prefix", passes: false) { [deny(wide($0), .manual)] },
        ConformanceCase("an automatic rule denies a prefix", passes: false) { [deny(wide($0), .automatic)] },
        ConformanceCase("the prefix by which IPv6 is accounted is denied", passes: false) {
            [deny(accounted($0), .automatic)]
        },
        ConformanceCase("its address is allowed, and denied by everything there is", passes: true) {
            [allow(Prefix($0))] + everyDeny($0)
        },
        ConformanceCase("a prefix around it is allowed, and its address denied", passes: true) {
            [allow(wide($0))] + everyDeny($0)
        },
        ConformanceCase("the wider of two nested prefixes denies it, the narrower is shadowed", passes: false)
        {
            [deny(wide($0), .automatic), deny(narrow($0), .automatic, isShadowed: true)]
        },
        ConformanceCase("the wider of two nested prefixes denies it, the narrower has expired", passes: false)
        {
            [deny(wide($0), .manual), deny(narrow($0), .manual, expires: past)]
        },
        ConformanceCase(
            "its address is only shadowed by hand, and a prefix denied by the agent", passes: false
        ) {
            [deny(Prefix($0), .manual, isShadowed: true), deny(wide($0), .automatic)]
        },
        ConformanceCase(
            "its address is only shadowed by the agent, and a prefix denied by hand", passes: false
        ) {
            [deny(Prefix($0), .automatic, isShadowed: true), deny(wide($0), .manual)]
        },
        ConformanceCase("all that denies it is shadowed", passes: true) { source in
            everyDeny(source).map { rule in
                var rule = rule
                rule.isShadowed = true
                return rule
            }
        },
        ConformanceCase("all that denied it has expired", passes: true) { source in
            everyDeny(source).map { rule in
                var rule = rule
                rule.expires = past
                return rule
            }
        },
        ConformanceCase("its allowance has expired, its denial has not", passes: false) {
            [allow(Prefix($0), expires: past), allow(wide($0), expires: past), deny(Prefix($0), .automatic)]
        },
        ConformanceCase("another one of its neighbourhood is allowed", passes: false) {
            [allow(Prefix(neighbour(of: $0))), deny(wide($0), .automatic)]
        },
        ConformanceCase("what goes to one address is denied", passes: false) {
            [deny(to: scope($0), .automatic)]
        },
        ConformanceCase("what a network sends to one address is denied", passes: false) {
            [deny(to: scope($0, from: wide($0)), .manual)]
        },
        ConformanceCase("what others send to that address is denied", passes: true) {
            [deny(to: scope($0, from: Prefix(neighbour(of: $0))), .manual)]
        },
        ConformanceCase("what goes to one address is denied, and its network allowed", passes: true) {
            [deny(to: scope($0), .manual), allow(wide($0))]
        },
        ConformanceCase("TCP to one address is denied", blocks: { $0.protocol == .tcp }) {
            [deny(to: scope($0, .tcp), .manual)]
        },
        ConformanceCase(
            "one UDP service of an address is denied",
            blocks: { $0.protocol == .udp && $0.destinationPort == 53 }
        ) {
            [deny(to: scope($0, .udp, 53), .automatic)]
        },
        ConformanceCase(
            "one TCP service is denied, and another only shadowed",
            blocks: { $0.protocol == .tcp && $0.destinationPort == 53 }
        ) {
            [
                deny(to: scope($0, .tcp, 53), .manual),
                deny(to: scope($0, .udp, 53), .manual, isShadowed: true),
            ]
        },
    ]

    private static let past = Timestamp(nanoseconds: 1_000_000_000)

    private static func deny(
        _ prefix: Prefix, _ origin: Rule.Origin, isShadowed: Bool = false, expires: Timestamp? = nil
    ) -> Rule {
        Rule(
            id: 0, match: .source(prefix), action: .deny, origin: origin, isShadowed: isShadowed,
            expires: expires)
    }

    private static func deny(
        to scope: Rule.Scope, _ origin: Rule.Origin, isShadowed: Bool = false
    ) -> Rule {
        Rule(id: 0, match: .scope(scope), action: .deny, origin: origin, isShadowed: isShadowed)
    }

    /// What goes to the address that all packets here go to.
    private static func scope(
        _ source: Address, _ number: IPProtocol? = nil, _ port: UInt16? = nil, from network: Prefix? = nil
    ) -> Rule.Scope {
        Rule.Scope(
            destination: FrameShape.destination(isIPv4: source.isIPv4), protocol: number, port: port,
            source: network)
    }

    private static func allow(_ prefix: Prefix, expires: Timestamp? = nil) -> Rule {
        Rule(id: 0, match: .source(prefix), action: .allow, origin: .manual, expires: expires)
    }

    private static func everyDeny(_ source: Address) -> [Rule] {
        let origins: [Rule.Origin] = [.manual, .automatic]
        return origins.flatMap { origin in
            [Prefix(source), narrow(source), wide(source)].map { deny($0, origin) }
        }
    }

    private static func wide(_ source: Address) -> Prefix { Prefix(source, length: source.isIPv4 ? 21 : 40) }

    private static func narrow(_ source: Address) -> Prefix {
        Prefix(source, length: source.isIPv4 ? 27 : 56)
    }

    private static func accounted(_ source: Address) -> Prefix {
        Prefix(source, length: source.isIPv4 ? 32 : 64)
    }

    /// In the same wide prefix, but in no narrower one.
    private static func neighbour(of source: Address) -> Address {
        source.isIPv4
            ? Address(ipv4: UInt32(truncatingIfNeeded: source.low) ^ 0x80)
            : Address(ipv6High: source.high ^ 0x1_0000, low: source.low)
    }
}
