import TestSupport
import Testing
import Traffic

// Real programs of people who do nothing wrong.
extension Site {
    /// As many clients at once, behind the one address outside: each asks for a page again and again.
    func crowd(_ count: Int) throws -> Program {
        let loop =
            "while curl -s -o /dev/null --max-time 3 http://\(Self.server(.ipv4)):8080/; do sleep 0.5; done"
        return try start(
            ["sh", "-c", "for i in $(seq \(count)); do (\(loop)) & done; trap 'kill $(jobs -p)' TERM; wait"],
            in: outside)
    }

    /// A client at each of these addresses, which asks for three pages and goes; a line is printed for each page.
    func crowd(_ addresses: [Address]) throws -> Program {
        for address in addresses {
            try command("ip -n \(outside) address add \(address)/24 dev eth0")
        }
        let list = addresses.map(\.description).joined(separator: " ")
        let url = "http://\(Self.server(.ipv4)):8080/"
        let visit =
            "for n in 1 2 3; do curl -sS -f -o /dev/null --interface $a --max-time 20 \(url) && echo $a; done"
        return try start(
            [
                "sh", "-c",
                "for a in \(list); do (\(visit)) & sleep 0.02; done; trap 'kill $(jobs -p)' TERM; wait",
            ],
            in: outside)
    }

    /// Pings of `size` bytes between as many hosts outside and inside, of both families, for as long as the test goes on.
    func ping(hosts: ClosedRange<Int>, every seconds: Double = 0.2, size: Int = 56) throws {
        for number in hosts {
            for (here, there, network) in [
                ("198.51.100.\(number)", "10.20.0.\(number)", "24"),
                ("2001:db8:1:\(number)::2", "2001:db8:20::1:\(number)", "64"),
            ] {
                for (namespace, address) in [(outside, here), (inside, there)] {
                    try command("ip -n \(namespace) address add \(address)/\(network) dev eth0")
                }
                _ = try start(
                    [
                        "ping", "-n", "-q", "-i", "\(seconds)", "-s", "\(size)", "-w", "200", "-I", here,
                        there,
                    ],
                    in: outside)
            }
        }
    }

    /// Hosts inside that answer on many ports; the server is the first.
    static func hosts(_ family: Family) -> [String] {
        (2...7).map { family == .ipv4 ? "10.20.0.\($0)" : "2001:db8:20::\($0)" }
    }

    /// Has all `hosts` answer on each of these ports.
    func serve(ports: [Int]) throws {
        for host in 3...7 {
            try command("ip -n \(inside) address add 10.20.0.\(host)/24 dev eth0")
            try command("ip -n \(inside) address add 2001:db8:20::\(host)/64 dev eth0")
        }
        let program = """
            import selectors, socket, sys
            waiting = selectors.DefaultSelector()
            for port in map(int, sys.argv[1:]):
                listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100)
                waiting.register(listener, selectors.EVENT_READ)
            while True:
                for ready, _ in waiting.select():
                    ready.fileobj.accept()[0].close()
            """
        _ = try start(["python3", "-c", program] + ports.map(String.init), in: inside)
    }
}
