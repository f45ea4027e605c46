import API
import Control
import Glibc
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("An operator amid an attack")
    struct OperatorTests {
        /// Hosts of one network: the operator's, and neighbours that guess, scan and flood.
        static let own: UInt8 = 10
        static let guessers = [UInt8](70...73)
        static let scanner: UInt8 = 80
        static let flooder: UInt8 = 90

        @Test(
            "An SSH session to the gateway goes on while its own /24 and /56 scan, flood and guess passwords, and are blocked",
            arguments: RunningAgent.Knowledge.inTurn)
        func session(family: Site.Family, knowledge: RunningAgent.Knowledge) async throws {
            try await withSite { site in
                let gateway = Site.gateway(family)
                let server = try await SSHServer(site, in: site.gateway)
                let home = try site.stranger(Self.own)
                let agent = try await RunningAgent(site, knowing: knowledge)
                let session = try server.session(to: gateway, from: home)
                // Who is known for ten seconds is spared when a network is shut out.
                #expect(await eventually(within: .seconds(30)) { session.echoes > 110 }, "no session")

                let six = family == .ipv6 ? ["-6"] : []
                var attackers: [UInt8: String] = [:]
                for number in Self.guessers + [Self.scanner, Self.flooder] {
                    attackers[number] = try site.stranger(number)
                }
                let scan = try site.start(
                    ["timeout", "40", "nmap", "-n", "-Pn", "-sT", "-T4", "\(gateway)"] + six,
                    in: attackers[Self.scanner])
                // hping3 knows IPv4 only; of IPv6, another one guesses.
                let flood =
                    family == .ipv4
                    ? try site.start(
                        ["timeout", "40", "hping3", "-q", "-S", "-p", "22", "-i", "u2000", "\(gateway)"],
                        in: attackers[Self.flooder])
                    : try server.guess(at: gateway, from: attackers[Self.flooder] ?? "")
                let guesses = try Self.guessers.map {
                    try server.guess(at: gateway, from: attackers[$0] ?? "")
                }
                #expect(await session.answers(), "cut off by the attack")
                for (number, namespace) in attackers.sorted(by: { $0.key < $1.key }) {
                    let isBlocked = try await eventually(within: .seconds(30)) {
                        try await !agent.rules(on: Site.stranger(number, family)).isEmpty
                    }
                    #expect(isBlocked, "neighbour \(number) goes on: \(agent.program.text)")
                    if Self.guessers.contains(number) {
                        #expect(try await !site.ping(family, gateway, from: namespace))
                    }
                }
                // As many as bring a ban on their network, were it not for the operator.
                let bans = try await agent.client.bans().filter { $0.action == .ban && $0.target == nil }
                #expect(bans.count >= 4, "\(bans.map(\.prefix))")
                #expect(try await agent.rules(on: Site.stranger(Self.own, family)) == [])
                #expect(try await site.ping(family, gateway, from: home))
                #expect(await session.answers(), "cut off when the attackers were")
                #expect(try await session.logOut(), "not all that was typed came back")
                for program in [scan, flood] + guesses { program.signal(SIGTERM) }
                try await agent.stop()
            }
        }
    }
}
