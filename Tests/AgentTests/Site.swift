import Foundation
import Glibc
import TestSupport
import Testing
import Traffic

/// Three network namespaces: outside, the gateway whose interface `wan` the agent guards, and a server inside.
///
///     outside  198.51.100.2/24  eth0 ------ wan  198.51.100.1   gateway   10.20.0.1  lan ------ eth0  10.20.0.2/24  inside
///              2001:db8:1::2/48                  2001:db8:1::1            2001:db8:20::1        2001:db8:20::2/64
///
/// On request, a network behind the host outside, 203.0.113.0/24 and 2001:db8:2::/48, with hosts of its own.
final class Site {
    let name = "slt-" + UUID().uuidString.prefix(6).lowercased()
    /// For files of this test only.
    let folder: URL
    var outside: String { "\(name)-out" }
    var gateway: String { "\(name)-gw" }
    var inside: String { "\(name)-in" }
    /// What the server serves.
    private var pages: URL { folder.appending(path: "pages") }
    private var programs: [Program] = []
    private var attacks: [Attack] = []
    /// Namespaces of hosts in the network behind the host outside.
    private var strangers: [String] = []

    /// The server, from outside.
    static func server(_ family: Family) -> Address {
        family == .ipv4 ? .init(literal: "10.20.0.2") : .init(literal: "2001:db8:20::2")
    }
    /// An address outside that only raw frames come from.
    static func attacker(_ family: Family) -> Address {
        family == .ipv4 ? .init(literal: "198.51.100.66") : .init(literal: "2001:db8:1:66::6")
    }
    /// The one host outside, a client of the server.
    static func client(_ family: Family) -> Address {
        family == .ipv4 ? .init(literal: "198.51.100.2") : .init(literal: "2001:db8:1::2")
    }

    /// The gateway, from outside.
    static func gateway(_ family: Family) -> Address {
        family == .ipv4 ? .init(literal: "198.51.100.1") : .init(literal: "2001:db8:1::1")
    }
    /// A host behind the host outside, 2...254: all in one /24, and in one /56 with a /64 each.
    static func stranger(_ number: UInt8, _ family: Family) -> Address {
        family == .ipv4
            ? Address(ipv4: 0xCB00_7100 + UInt32(number))
            : Address(ipv6High: 0x2001_0DB8_0002_0000 + UInt64(number), low: 2)
    }

    enum Family: String, CaseIterable, Sendable { case ipv4, ipv6 }

    fileprivate init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: pages, withIntermediateDirectories: true)
    }

    fileprivate func build() throws {
        for namespace in [outside, gateway, inside] { try make(namespace) }
        try forward(gateway)
        try connectOutside()
        try command("ip link add name eth0 netns \(inside) type veth peer name lan netns \(gateway)")
        try configure(gateway, "lan", ["10.20.0.1/24", "2001:db8:20::1/64"])
        try configure(
            inside, "eth0", ["10.20.0.2/24", "2001:db8:20::2/64"], gateways: ["10.20.0.1", "2001:db8:20::1"])
    }

    private func make(_ namespace: String) throws {
        try command("ip netns add \(namespace)")
        // Addresses work at once, and nothing is on the wire but what tests send.
        for setting in ["accept_dad", "accept_ra", "router_solicitations"] {
            try command("ip netns exec \(namespace) sysctl -qw net.ipv6.conf.default.\(setting)=0")
        }
        try command("ip -n \(namespace) link set lo up")
    }

    private func forward(_ namespace: String) throws {
        for setting in ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] {
            try command("ip netns exec \(namespace) sysctl -qw \(setting)")
        }
    }

    /// A host in the network behind the host outside, in a namespace of its own, which is returned.
    func stranger(_ number: UInt8) throws -> String {
        let (four, six) = ("203.0.113", "2001:db8:2")
        if strangers.isEmpty {
            try forward(outside)
            // A wire that nobody is at the other end of, for its carrier.
            try command("ip -n \(outside) link add name far type veth peer name end")
            for interface in ["far", "end"] { try command("ip -n \(outside) link set \(interface) up") }
            try command("ip -n \(outside) link add name near link far type macvlan mode bridge")
            try configure(outside, "near", ["\(four).1/24", "\(six):ff00::1/48"])
            try command("ip -n \(gateway) route add \(four).0/24 via \(Self.client(.ipv4))")
            try command("ip -n \(gateway) route add \(six)::/48 via \(Self.client(.ipv6))")
        }
        let namespace = "\(name)-\(number)"
        try make(namespace)
        strangers.append(namespace)
        try command(
            "ip -n \(outside) link add name eth0 link far netns \(namespace) type macvlan mode bridge")
        try configure(
            namespace, "eth0",
            ["\(Self.stranger(number, .ipv4))/24", "\(Self.stranger(number, .ipv6))/48"],
            gateways: ["\(four).1", "\(six):ff00::1"])
        return namespace
    }

    /// Lays the wire between outside and the gateway, for the first time or after it was removed.
    func connectOutside() throws {
        let wan = "name wan address 02:00:00:00:00:01 netns \(gateway)"
        try command("ip link add name eth0 netns \(outside) type veth peer \(wan)")
        try configure(gateway, "wan", ["198.51.100.1/24", "2001:db8:1::1/48"])
        try configure(
            outside, "eth0", ["198.51.100.2/24", "2001:db8:1::2/48"],
            gateways: ["198.51.100.1", "2001:db8:1::1"])
    }

    private func configure(
        _ namespace: String, _ interface: String, _ addresses: [String], gateways: [String] = []
    ) throws {
        for address in addresses {
            try command("ip -n \(namespace) address add \(address) dev \(interface)")
        }
        try command("ip -n \(namespace) link set \(interface) up")
        for gateway in gateways { try command("ip -n \(namespace) route add default via \(gateway)") }
    }

    /// Serves HTTP inside, for both families.
    fileprivate func serve() throws {
        _ = try start(
            ["python3", "-m", "http.server", "8080", "--bind", "::", "--directory", pages.path], in: inside)
    }

    /// Starts a program that `remove` ends if nobody else does.
    func start(_ words: [String], in namespace: String? = nil) throws -> Program {
        let program = try Program(words, in: namespace, files: folder)
        programs.append(program)
        return program
    }

    /// Runs a program to its end.
    func run(_ words: [String], in namespace: String? = nil) async throws -> Outcome {
        try await start(words, in: namespace).ended()
    }

    /// Whether a client outside gets a page from the server.
    func fetch(_ family: Family) async throws -> Bool {
        let host = family == .ipv4 ? "\(Self.server(family))" : "[\(Self.server(family))]"
        return try await run(
            ["curl", "-sS", "-o", "/dev/null", "--max-time", "3", "http://\(host):8080/"], in: outside
        )
        .status == 0
    }

    /// Whether the server, or another host, answers one ping from outside.
    func ping(_ family: Family, _ host: Address? = nil, from namespace: String? = nil) async throws -> Bool {
        try await run(
            ["ping", "-n", "-c", "1", "-W", "1", "\(host ?? Self.server(family))"], in: namespace ?? outside
        ).status == 0
    }

    /// Sends frames from outside to the gateway, in turn and again and again, until told to stop.
    func attack(_ frames: [[UInt8]], packetsPerSecond: Int) throws -> Attack {
        let attack = Attack(frames, from: try sender(), packetsPerSecond: packetsPerSecond)
        attacks.append(attack)
        return attack
    }

    /// Where frames to the gateway are sent, and where those that it forwards arrive.
    func sender() throws -> PacketSocket { try PacketSocket(on: "eth0", in: outside) }
    func receiver() throws -> PacketSocket { try PacketSocket(on: "eth0", in: inside, receiving: true) }

    /// Number of a namespace, by which the agent names its pins.
    private func number(of namespace: String) -> UInt64 {
        var info = stat()
        return unsafe stat("/run/netns/\(namespace)", &info) == 0 ? UInt64(info.st_ino) : 0
    }

    var pins: String { "/sys/fs/bpf/sluice/net-\(number(of: gateway))" }

    /// Forgets what is pinned, as a restart of the machine does.
    func dropPins() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: pins)) ?? [] {
            unsafe unlink("\(pins)/\(name)")
        }
        unsafe rmdir(pins)
    }

    /// What an agent left on the interfaces and under the BPF file system; empty if nothing.
    func leftovers() async throws -> String {
        let links = try await run(["ip", "-n", gateway, "-details", "link", "show", "type", "veth"]).output
        let hooks = try await run(["tc", "-n", gateway, "qdisc", "show"]).output
        let pinned = (try? FileManager.default.contentsOfDirectory(atPath: pins)) ?? []
        return (links + hooks).split(separator: "\n").filter { $0.contains("xdp") || $0.contains("clsact") }
            .joined(separator: "\n") + pinned.joined(separator: " ")
    }

    fileprivate func remove() {
        for attack in attacks { attack.cancel() }
        for program in programs { program.remove() }
        let lock = "/run/sluice/net-\(number(of: gateway)).lock"
        dropPins()
        unsafe unlink(lock)
        for namespace in strangers + [outside, gateway, inside]
        where unsafe access("/run/netns/\(namespace)", F_OK) == 0 {
            try? command("ip netns del \(namespace)")
        }
        try? FileManager.default.removeItem(at: folder)
    }
}

/// A site for the length of `body`, removed on every way out, with all that was started in it.
func withSite(hasServer: Bool = true, _ body: (Site) async throws -> Void) async throws {
    let site = try Site()
    defer { site.remove() }
    try site.build()
    guard hasServer else { return try await body(site) }
    try site.serve()
    for family in Site.Family.allCases {
        let answers = try await eventually { try await site.fetch(family) }
        try #require(answers, "no way to the server by \(family)")
    }
    try await body(site)
}

extension Address {
    /// An address written in a test; a slip of the pen is `::`.
    init(literal text: StaticString) { self = Address("\(text)") ?? Address(ipv6High: 0, low: 0) }
}
