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

    /// A client at each of these addresses, which asks for three pages and goes.
    func crowd(_ addresses: [Address]) throws -> Program {
        for address in addresses {
            try command("ip -n \(outside) address add \(address)/24 dev eth0")
        }
        let list = addresses.map(\.description).joined(separator: " ")
        let url = "http://\(Self.server(.ipv4)):8080/"
        let visit = "for n in 1 2 3; do curl -s -o /dev/null --interface $a --max-time 5 \(url); done"
        return try start(
            [
                "sh", "-c",
                "for a in \(list); do (\(visit)) & sleep 0.02; done; trap 'kill $(jobs -p)' TERM; wait",
            ],
            in: outside)
    }
}
