import API
import Control
import Glibc
import Testing
import Traffic

extension EndToEnd {
    @Suite("Whom the machine asks for the time")
    struct TimeServerTests {
        /// Holds a socket to port 123 of an address, as a user.
        private static func asking(_ address: Address, as user: UInt32, _ site: Site) throws -> [String] {
            let family = address.isIPv4 ? "AF_INET" : "AF_INET6"
            return [
                "setpriv", "--reuid", "\(user)", "--clear-groups", "/usr/bin/python3", "-c",
                "import socket, time; s = socket.socket(socket.\(family), socket.SOCK_DGRAM); "
                    + "s.connect(('\(address)', 123)); print('open', flush=True); time.sleep(60)",
            ]
        }

        @Test(
            "A socket of root's is one to a time server, another user's protects nobody",
            arguments: Site.Family.allCases)
        func sockets(family: Site.Family) async throws {
            try await withSite { site in
                let users: [(Address, UInt32)] = [(Site.client(family), 0), (Site.attacker(family), 65_534)]
                let programs = try users.map { address, user in
                    try site.start(try Self.asking(address, as: user, site), in: site.gateway)
                }
                for program in programs {
                    #expect(await eventually { program.text.contains("open") }, "\(program.text)")
                }
                let agent = try await RunningAgent(site)
                let found = try await agent.client.protected().filter { $0.reason.hasPrefix("time server") }
                #expect(found.map(\.prefix) == [Prefix(Site.client(family))])
                // Who is protected is banned by whoever insists, and nothing of his passes for it.
                let ban = "ban \(Site.client(family))"
                #expect(try await agent.sluice(ban).status == 5)
                #expect(try await site.ping(family))
                #expect(try await agent.sluice("\(ban) --force").status == 0)
                #expect(try await !site.ping(family))
                #expect(try await agent.sluice("ban \(Site.attacker(family))").status == 0)
                let own = try await agent.sluice("ban \(Site.gateway(family)) --force")
                #expect(own.status == 5 && own.error.contains("is protected"), "\(own.error)")
                for program in programs { program.signal(SIGTERM) }
                try await agent.stop()
            }
        }
    }
}
