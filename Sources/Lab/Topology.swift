import Traffic

/// What stands in the lab, and how it is connected.
///
///     clients, attackers                        gateway                     server
///     198.51.100.N/24    eth0 -- bridge -- gw-wan  198.51.100.1             10.20.0.2/24
///     2001:db8:1:N::2/48                           2001:db8:1::1            2001:db8:20::2/64
///                                          gw-lan  10.20.0.1    ----- lan0
///                                                  2001:db8:20::1
///
/// Every box is a network namespace; the bridge has one too.
package struct Topology: Sendable {
    static let wanIPv4: UInt32 = 0xC633_6400
    static let wanIPv6: UInt64 = 0x2001_0DB8_0001_0000
    static let gatewayEthernet = "02:00:00:00:01:01"
    /// The interface that the agent guards.
    package static let gatewayInterface = "gw-wan"
    package static let localNetworks = ["10.20.0.0/24", "2001:db8:20::/64"]

    /// Prefix of the namespaces' names, unique on the machine.
    package let name: String
    /// Everything on the WAN side.
    package let hosts: [Host]

    package init(name: String, hosts: [Host]) {
        self.name = name
        self.hosts = hosts
    }

    /// Address of the server.
    package static func server(_ family: Family) -> String {
        family == .ipv4 ? "10.20.0.2" : "2001:db8:20::2"
    }

    /// The server in a URL, where IPv6 needs brackets.
    static func serverInURL(_ family: Family) -> String {
        family == .ipv4 ? server(family) : "[\(server(family))]"
    }

    var bridge: String { "\(name)-wan" }
    package var gateway: String { "\(name)-gw" }
    var lan: String { "\(name)-lan" }
    /// Name of the namespace that a host is.
    package func namespace(of host: Host) -> String { "\(name)-\(host.name)" }

    var namespaces: [String] { [bridge, gateway, lan] + hosts.map(namespace) }

    /// Kernel settings for all namespaces, before there is any interface.
    ///
    /// No duplicate address detection: addresses work at once. No router or group chatter: a port's counter moves
    /// only when its host sends.
    static let settings = [
        "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
        "net.ipv6.conf.default.accept_ra=0", "net.ipv6.conf.default.router_solicitations=0",
        "net.ipv6.conf.default.mldv2_unsolicited_report_interval=0",
    ]

    /// Kernel settings for the gateway alone.
    static let gatewaySettings = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]

    /// Input for `ip -batch`, in this order; `nil` is the namespace that the lab was started in.
    var batches: [(namespace: String?, lines: [String])] {
        [
            (nil, namespaces.map { "netns add \($0)" }), (bridge, bridgeLines), (gateway, gatewayLines),
            (lan, lanLines),
        ]
            + hosts.map { (namespace(of: $0), lines(for: $0)) }
    }

    private var bridgeLines: [String] {
        [
            "link add name wan type bridge stp_state 0 mcast_snooping 0",
            "link set wan up",
            "link add name gateway type veth peer name gw-wan address \(Self.gatewayEthernet) netns \(gateway)",
            "link set gateway master wan up",
        ]
            + hosts.flatMap { host in
                [
                    "link add name \(host.name) type veth peer name eth0 address \(host.ethernet) "
                        + "netns \(namespace(of: host))",
                    "link set \(host.name) master wan up",
                ]
            }
    }

    private var gatewayLines: [String] {
        [
            "link set lo up",
            "link add name gw-lan type veth peer name lan0 netns \(lan)",
            "address add 198.51.100.1/24 dev gw-wan",
            "address add 2001:db8:1::1/48 dev gw-wan nodad",
            "address add 10.20.0.1/24 dev gw-lan",
            "address add 2001:db8:20::1/64 dev gw-lan nodad",
            "link set gw-wan up",
            "link set gw-lan up",
        ]
    }

    private var lanLines: [String] {
        [
            "link set lo up",
            "address add 10.20.0.2/24 dev lan0",
            "address add 2001:db8:20::2/64 dev lan0 nodad",
            "link set lan0 up",
            "route add default via 10.20.0.1",
            "route add default via 2001:db8:20::1",
        ]
    }

    private func lines(for host: Host) -> [String] {
        [
            "link set lo up",
            "address add \(host.ipv4)/24 dev eth0",
            "address add \(host.ipv6)/48 dev eth0 nodad",
            "link set eth0 up",
            "route add default via 198.51.100.1",
            "route add default via 2001:db8:1::1",
        ]
    }
}
