package import Traffic

/// An attack by a real tool from a host of its own, bounded in time and count.
package struct Attack: Sendable {
    package let host: Host
    package let family: Family
    /// What it is, for people.
    package let title: String
    /// The tool and its arguments.
    private let tool: @Sendable (_ attacker: Host) -> Command

    package var name: String { host.name }
    package var address: Address { host.address(family) }

    /// Those in every lab, in the order in which they begin.
    package static let all: [Attack] = [
        Attack("scan4", 66, .ipv4, "port scan over IPv4") { _ in
            Command("nmap", scan + [Topology.server(.ipv4)])
        },
        Attack("guess4", 67, .ipv4, "SSH password guessing over IPv4") { _ in
            Command(
                "hydra",
                [
                    "-I", "-t", "4", "-w", "1", "-l", "admin", "-P", passwordsFile,
                    "ssh://\(Topology.server(.ipv4))",
                ])
        },
        Attack("flood4", 68, .ipv4, "SYN flood over IPv4") { _ in
            Command("hping3", ["-S", "-q", "-p", "80", "-i", "u250", "-c", "120000", Topology.server(.ipv4)])
        },
        Attack("scan6", 69, .ipv6, "port scan over IPv6") { _ in
            Command("nmap", ["-6"] + scan + [Topology.server(.ipv6)])
        },
        Attack("flood6", 70, .ipv6, "UDP flood over IPv6") { attacker in
            let frame =
                "{ eth(da=\(Topology.gatewayEthernet), sa=\(attacker.ethernet)), "
                + "ip6(sa=\(attacker.ipv6), da=\(Topology.server(.ipv6))), udp(sp=drnd(), dp=drnd()), fill(0x78, 24) }"
            return Command(
                "trafgen",
                [
                    "--dev", "eth0", "--cpus", "1", "--no-sock-mem", "--notouch-irq", "--qdisc-path",
                    "--gap", "250us", "--num", "120000", frame,
                ])
        },
    ]

    /// A pace that a careful scanner keeps up, answered or not.
    private static let scan = ["-sS", "-n", "-Pn", "-p", "1-20000", "--min-rate", "300", "--max-rate", "300"]

    private init(
        _ name: String, _ number: UInt8, _ family: Family, _ title: String,
        tool: @escaping @Sendable (Host) -> Command
    ) {
        host = Host(name: name, number: number)
        self.family = family
        self.title = title
        self.tool = tool
    }

    static let passwordsFile = "passwords.txt"

    /// Passwords to guess, one a line.
    static func passwords(using generator: inout some RandomNumberGenerator) -> String {
        (0..<2000).map { _ in "\(UInt32.random(in: .min ... .max, using: &generator))\n" }.joined()
    }

    /// The tool, in the attacker's namespace.
    func command(at site: Site) -> Command {
        var command = tool(host)
        command.namespace = site.topology.namespace(of: host)
        command.folder = site.folder
        return command
    }

    /// One page over HTTP from the attacker's host: fails while the attacker is blocked.
    func probe(at site: Site) -> Command {
        Command(
            "curl",
            ["-s", "-f", "-o", "/dev/null", "--max-time", "1", "http://\(Topology.serverInURL(family))/1"],
            in: site.topology.namespace(of: host))
    }
}
