import API
import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    /// Real clients, the kernel's own TCP, asked to prove their address.
    @Suite("Proof of address, by real clients")
    struct ProveTests {
        enum Path: String, CaseIterable, Sendable {
            case native, generic
        }

        /// What stands between the client and the gateway.
        enum Between: String, CaseIterable, Sendable {
            case nothing
            /// Addresses are translated, and what connection tracking holds for invalid is dropped.
            case strictNAT
            /// SYN-ACKs without options are dropped: the question never arrives.
            case deaf

            var rules: String? {
                switch self {
                case .nothing: nil
                case .strictNAT:
                    """
                    table inet prove {
                        chain nat {
                            type nat hook postrouting priority 100
                            oifname "eth0" meta nfproto ipv4 snat ip to 198.51.100.77
                            oifname "eth0" meta nfproto ipv6 snat ip6 to 2001:db8:1::77
                        }
                        chain in { type filter hook input priority 0; ct state invalid drop; }
                        chain through { type filter hook forward priority 0; ct state invalid drop; }
                        chain out { type filter hook output priority 0; ct state invalid drop; }
                    }
                    """
                case .deaf:
                    """
                    table inet prove {
                        chain through {
                            type filter hook forward priority 0
                            tcp flags & (syn | ack) == (syn | ack) tcp option maxseg missing drop
                        }
                    }
                    """
                }
            }
        }

        @Test(
            "a client connects at once behind whatever stands between, and is asked once",
            arguments: Path.allCases,
            [
                (Site.Family.ipv4, Between.nothing), (.ipv4, .strictNAT), (.ipv6, .nothing),
                (.ipv6, .strictNAT), (.ipv4, .deaf),
            ])
        func connects(path: Path, how: (family: Site.Family, between: Between)) async throws {
            try await withSite { site in
                let client = try site.stranger(7)
                // The host's first address is a gateway, which nobody asks for anything.
                for address in ["198.51.100.77/24", "2001:db8:1::77/48"] {
                    try command("ip -n \(site.outside) address add \(address) dev eth0")
                }
                if let rules = how.between.rules {
                    #expect(try await site.run(["nft", rules], in: site.outside).status == 0)
                }
                let agent = try await RunningAgent(site, ["--mode", "learn", "--attach", path.rawValue])
                // A veth takes what XDP sends only where the other end has a program, too.
                var other: Program?
                if path == .native {
                    let socket = site.folder.appending(path: "other.sock").path
                    other = try site.start(
                        [
                            sluicePath, "run", "--interface", "eth0", "--mode", "learn", "--attach", "native",
                            "--state", site.folder.appending(path: "other.db").path, "--socket", socket,
                        ], in: site.outside)
                    let peer = ControlClient(socket: socket)
                    let answers = await eventually { (try? await peer.status()) != nil }
                    #expect(answers)
                }
                let server = Site.server(how.family)
                #expect(try await agent.sluice("prove \(server) --port 8080").status == 0)
                let host = how.family == .ipv4 ? "\(server)" : "[\(server)]"
                for _ in 0..<3 {
                    let page = try await site.run(
                        ["curl", "-sS", "-o", "/dev/null", "--max-time", "5", "http://\(host):8080/"],
                        in: client)
                    #expect(page.status == 0, "\(page)")
                }
                let counted = try #require(try await agent.client.bans().first?.challenge)
                if how.between == .deaf {
                    #expect(counted.proven == 0 && counted.retransmitted == 3)
                } else {
                    #expect(counted.challenged == 1 && counted.proven == 1 && counted.retransmitted == 0)
                }
                let explained = try await agent.sluice("explain \(server)").output
                #expect(explained.contains("have to prove their address"), "\(explained)")
                #expect(try await agent.sluice("unban \(server)").status == 0)
                try await agent.stop()
                other?.signal(SIGTERM)
                _ = try await other?.ended()
            }
        }
    }
}
