package import Traffic

/// One way in which a packet may reach us: a sentence, and how to make such a frame.
package struct FrameShape: Sendable, CustomStringConvertible {
    package let description: String
    package let isIPv4: Bool
    private let change: @Sendable (inout Frame) -> Void

    private init(_ description: String, isIPv4: Bool, _ change: @escaping @Sendable (inout Frame) -> Void) {
        self.description = description
        self.isIPv4 = isIPv4
        self.change = change
    }

    package func frame(from source: Address, to destination: Address) -> Frame {
        Frame(from: source, to: destination).with(change)
    }

    /// A frame between example addresses of the shape's family.
    package var example: Frame {
        frame(from: Self.source(isIPv4: isIPv4), to: Self.destination(isIPv4: isIPv4))
    }

    package static func source(isIPv4: Bool) -> Address {
        isIPv4 ? Address(ipv4: 0xC633_6407) : Address(ipv6High: 0x2001_0DB8_0042_0001, low: 0x7)
    }

    package static func destination(isIPv4: Bool) -> Address {
        isIPv4 ? Address(ipv4: 0xC000_0201) : Address(ipv6High: 0x2001_0DB8_0001_0000, low: 0x80)
    }

    package static let all: [FrameShape] =
        [true, false].flatMap { isIPv4 in
            (common + tags).map { FrameShape("\(isIPv4 ? "IPv4" : "IPv6"), \($0)", isIPv4: isIPv4, $1) }
        } + ipv4.map { FrameShape("IPv4, \($0)", isIPv4: true, $1) }
        + (ipv6 + extensionPairs).map { FrameShape("IPv6, \($0)", isIPv4: false, $1) }

    private typealias Change = @Sendable (inout Frame) -> Void

    private static let common: [(String, Change)] =
        [
            ("UDP", { _ in }),
            ("TCP SYN", { ($0.protocol, $0.tcpFlags) = (6, 0x02) }),
            ("TCP SYN and ACK", { ($0.protocol, $0.tcpFlags) = (6, 0x12) }),
            ("TCP RST and FIN", { ($0.protocol, $0.tcpFlags) = (6, 0x05) }),
            ("ICMP", { ($0.protocol, $0.sourcePort) = (1, 0x0800) }),
            ("ICMPv6", { ($0.protocol, $0.sourcePort) = (58, 0x8000) }),
            ("SCTP", { $0.protocol = 132 }),
            ("DCCP", { $0.protocol = 33 }),
            ("UDP-Lite", { $0.protocol = 136 }),
            ("GRE", { $0.protocol = 47 }),
            ("ESP", { $0.protocol = 50 }),
            ("IPv4 in IP", { $0.protocol = 4 }),
            ("IPv6 in IP", { $0.protocol = 41 }),
            ("an unknown protocol", { $0.protocol = 253 }),
            ("no next header", { $0.protocol = 59 }),
            ("a frame of 60 bytes", { $0.payload = 0 }),
            ("a frame of 1,514 bytes", { $0.payload = 1440 }),
            ("a tag of highest priority in the last VLAN", { ($0.tags, $0.tagControl) = ([0x8100], 0xEFFE) }),
            ("three tags, which are in no flow", { $0.tags = [0x8100, 0x8100, 0x9100] }),
            // Linux takes off any number of these unasked.
            ("four tags of VLAN 0", { ($0.tags, $0.tagControl) = ([0x8100, 0x88A8, 0x8100, 0x8100], 0) }),
            ("sixty tags of VLAN 0", { ($0.tags, $0.tagControl) = (Array(repeating: 0x8100, count: 60), 0) }),
        ]

    /// One tag, and two, of each type.
    private static let tags: [(String, Change)] = {
        let types: [(name: String, number: UInt16)] = [
            ("802.1Q", 0x8100), ("802.1ad", 0x88A8), ("0x9100", 0x9100),
        ]
        return types.flatMap { outer in
            let single: Change = { $0.tags = [outer.number] }
            let pairs: [(String, Change)] = types.map { inner in
                (
                    "a tag of type \(inner.name) in one of type \(outer.name)",
                    { $0.tags = [outer.number, inner.number] }
                )
            }
            return [("a tag of type \(outer.name)", single)] + pairs
        }
    }()

    private static let ipv4: [(String, Change)] = [
        ("one word of options", { $0.optionWords = 1 }),
        ("ten words of options", { $0.optionWords = 10 }),
        ("don't fragment", { $0.fragmentField = 0x4000 }),
        ("a first fragment", { $0.fragmentField = 0x2000 }),
        ("a later fragment", { $0.fragmentField = 0x2001 }),
        ("the last fragment", { $0.fragmentField = 0x1FFF }),
        (
            "a later TCP fragment with options and two tags",
            {
                ($0.protocol, $0.fragmentField, $0.optionWords, $0.tags) = (6, 0x00B9, 2, [0x88A8, 0x8100])
            }
        ),
    ]

    private static let ipv6: [(String, Change)] =
        [
            ("hop-by-hop options", { $0.extensions = [.hopByHop] }),
            ("a routing header", { $0.extensions = [.routing] }),
            ("destination options", { $0.extensions = [.destination] }),
            ("an authentication header", { $0.extensions = [.authentication(words: 4)] }),
            ("an authentication header of odd length", { $0.extensions = [.authentication(words: 3)] }),
            ("an atomic fragment", { $0.extensions = [.fragment(offset: 0, more: false)] }),
            ("a first fragment", { $0.extensions = [.fragment(offset: 0, more: true)] }),
            ("a later fragment", { $0.extensions = [.fragment(offset: 185, more: true)] }),
            (
                "a later fragment behind destination options, tagged",
                {
                    ($0.protocol, $0.tags) = (6, [0x8100])
                    $0.extensions = [.destination, .fragment(offset: 1, more: false)]
                }
            ),
            (
                "one of each extension header",
                {
                    $0.protocol = 6
                    $0.extensions = [
                        .hopByHop, .destination, .routing, .fragment(offset: 0, more: true),
                        .authentication(words: 1), .destination,
                    ]
                }
            ),
            ("eight extension headers", { $0.extensions = Array(repeating: .destination, count: 8) }),
            ("a large extension header", { $0.extensions = [.options(60, units: 100)] }),
            (
                "nine extension headers, which are malformed",
                { $0.extensions = Array(repeating: .destination, count: 9) }
            ),
            ("thirty extension headers", { $0.extensions = Array(repeating: .hopByHop, count: 30) }),
            ("a mobility header", { $0.protocol = 135 }),
            ("a host identity header", { $0.protocol = 139 }),
            ("a shim header", { $0.protocol = 140 }),
        ]

    /// Each extension header behind each.
    private static let extensionPairs: [(String, Change)] = {
        let all: [(name: String, header: Frame.Extension)] = [
            ("hop-by-hop options", .hopByHop), ("a routing header", .routing),
            ("destination options", .destination), ("a first fragment", .fragment(offset: 0, more: true)),
            ("an authentication header", .authentication(words: 2)),
        ]
        return all.flatMap { first in
            all.map { second in
                let change: Change = { ($0.protocol, $0.extensions) = (6, [first.header, second.header]) }
                return ("\(first.name), then \(second.name), then TCP", change)
            }
        }
    }()
}
