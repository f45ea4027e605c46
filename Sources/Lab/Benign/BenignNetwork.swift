import Foundation

/// What the benign lab is connected by.
///
///     100.64.0.0/16                                       gateway
///     users, one address outside -- far 198.51.100.2 ---- gw-wan    gw-lan ---- near 10.19.0.2
///                                   198.18.0.0/16                               10.20.0.0/16
///                                   2001:db8:1000::/36                          2001:db8:20::/48
///
/// Every box is a network namespace.
struct BenignNetwork {
    let name: String
    let neighbourhood: Neighbourhood

    var gateway: String { "\(name)-gw" }
    func namespace(of side: Side) -> String { "\(name)-\(side.rawValue)" }
    var namespaces: [String] { [gateway] + Side.allCases.map(namespace) }

    /// Prefixes behind the gateway, as seen from outside.
    var localNetworks: [String] {
        [neighbourhood.isTranslated ? "198.51.100.1/32" : "10.20.0.0/16", "2001:db8:20::/48"]
    }

    /// Makes all of it; what exists after an error is `Site.remove`'s to clean up.
    func build() async throws {
        try await Command("ip", ["-batch", "-"]).output(
            input: lines(namespaces.map { "netns add \($0)" }))
        for namespace in namespaces {
            try await Command("sysctl", ["-qw"] + Topology.settings + Self.settings, in: namespace).output()
        }
        try await Command("ip", ["-batch", "-"], in: gateway).output(input: lines(gatewayLines))
        for side in [Side.far, .near, .crowd] {
            try await Command("ip", ["-batch", "-"], in: namespace(of: side)).output(
                input: lines(links(side)))
        }
        for (side, interface) in [(Side.near, "lan0"), (.far, "wan0"), (.crowd, "eth0")] {
            // Frames have the size that they would have on a wire.
            try await Command(
                "ethtool", ["-K", interface, "tso", "off", "gso", "off"], in: namespace(of: side)
            ).output()
        }
        for (namespace, interface, rate) in [
            (namespace(of: .far), "wan0", neighbourhood.downstream),
            (gateway, Topology.gatewayInterface, neighbourhood.upstream),
        ] {
            try await Command(
                "tc",
                [
                    "qdisc", "add", "dev", interface, "root", "tbf", "rate", "\(rate)mbit", "burst", "64kb",
                    "latency", "60ms",
                ], in: namespace
            ).output()
        }
        try await translate(Self.crowdNetwork, to: Self.crowdAddress, by: "wan0", in: namespace(of: .far))
        if neighbourhood.isTranslated {
            try await translate(
                "10.20.0.0/16", to: "198.51.100.1", by: Topology.gatewayInterface, in: gateway)
        }
    }

    /// Address of what does not choose its own.
    private static func application(_ side: Side) -> String {
        Endpoint(side: side, number: 0, family: .ipv4).address
    }

    private static let crowdNetwork = "100.64.0.0/16"
    /// What all users behind the far address translation look like.
    static let crowdAddress = "198.18.200.1"

    private static let settings = [
        "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
        // Programs bind to addresses of a prefix that is ours as a whole.
        "net.ipv6.ip_nonlocal_bind=1",
    ]

    private func lines(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }

    private func translate(_ network: String, to address: String, by interface: String, in namespace: String)
        async throws
    {
        try await Command("nft", ["-f", "-"], in: namespace).output(
            input: """
                table ip lab {
                    chain out {
                        type nat hook postrouting priority srcnat;
                        ip saddr \(network) oifname \(interface) snat to \(address)
                    }
                }

                """)
    }

    private var gatewayLines: [String] {
        [
            "link set lo up",
            "link add name gw-wan type veth peer name wan0 netns \(namespace(of: .far))",
            "link add name gw-lan type veth peer name lan0 netns \(namespace(of: .near))",
            "address add 198.51.100.1/24 dev gw-wan",
            "address add 2001:db8:ffff::1/64 dev gw-wan nodad",
            "address add 10.19.0.1/24 dev gw-lan",
            "address add 2001:db8:fffe::1/64 dev gw-lan nodad",
            "link set gw-wan up",
            "link set gw-lan up",
            "route add default via 198.51.100.2",
            "route add default via 2001:db8:ffff::2",
            "route add 10.20.0.0/16 via 10.19.0.2",
            "route add 2001:db8:20::/48 via 2001:db8:fffe::2",
        ]
    }

    private func links(_ side: Side) -> [String] {
        switch side {
        case .near:
            [
                "link set lo up",
                "address add 10.19.0.2/24 dev lan0",
                "address add 2001:db8:fffe::2/64 dev lan0 nodad",
                "link set lan0 up",
                "route add local 10.20.0.0/16 dev lo",
                "route add local 2001:db8:20::/48 dev lo",
                "route add default via 10.19.0.1 src \(Self.application(.near))",
                "route add default via 2001:db8:fffe::1",
            ]
        case .far:
            [
                "link set lo up",
                "address add 198.51.100.2/24 dev wan0",
                "address add 2001:db8:ffff::2/64 dev wan0 nodad",
                "link set wan0 up",
                "link add name users type veth peer name eth0 netns \(namespace(of: .crowd))",
                "address add 100.127.0.1/24 dev users",
                "link set users up",
                "route add local 198.18.0.0/16 dev lo",
                "route add local 2001:db8:1000::/36 dev lo",
                // Dead hosts: nothing comes back.
                "route add blackhole 198.18.255.0/24 table local",
                "route add blackhole 2001:db8:1fff::/48 table local",
                "route add 10.20.0.0/16 via 198.51.100.1 src \(Self.application(.far))",
                "route add 2001:db8:20::/48 via 2001:db8:ffff::1",
                "route add \(Self.crowdNetwork) via 100.127.0.2",
            ]
        case .crowd:
            [
                "link set lo up",
                "address add 100.127.0.2/24 dev eth0",
                "link set eth0 up",
                "route add local \(Self.crowdNetwork) dev lo",
                "route add default via 100.127.0.1",
            ]
        }
    }
}
