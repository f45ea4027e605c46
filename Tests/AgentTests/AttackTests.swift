import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("An attack on a gateway")
    struct AttackTests {
        @Test(
            "A flood from one source is banned and dropped in the kernel, and others get through",
            arguments: Site.Family.allCases)
        func flood(family: Site.Family) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let (attacker, server) = (Site.attacker(family), Site.server(family))
                try await check(
                    agent, family, Frame.flood(from: attacker, to: server), packetsPerSecond: 2500)
            }
        }

        @Test(
            "A port scan is banned and dropped in the kernel, and others get through",
            arguments: Site.Family.allCases)
        func scan(family: Site.Family) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let (attacker, server) = (Site.attacker(family), Site.server(family))
                try await check(agent, family, Frame.scan(from: attacker, to: server), packetsPerSecond: 200)
            }
        }

        /// Attacks, waits for the ban, and holds everything that can be asked against it.
        private func check(
            _ agent: RunningAgent, _ family: Site.Family, _ frames: [[UInt8]], packetsPerSecond: Int
        ) async throws {
            let site = agent.site
            let attacker = Site.attacker(family)
            let server = try site.receiver()
            // Some usual traffic, by which the agent knows that it sees answers.
            for _ in 0..<5 { #expect(try await site.fetch(family)) }
            let attack = try site.attack(frames, packetsPerSecond: packetsPerSecond)
            let isBanned = try await eventually { try await !agent.client.bans().isEmpty }
            let known = try await agent.sluice("explain \(attacker)").output + agent.sluice("top").output
            try #require(isBanned, "no ban: \(agent.program.text)\(known)")
            _ = server.arrivals(from: [attacker])
            let before = try await agent.client.bans()
            try await Task.sleep(for: .seconds(1))
            #expect(server.arrivals(from: [attacker]) == 0, "packets of a banned source got through")
            #expect(try await site.fetch(family), "the client no longer gets through")
            await attack.stop()

            let ban = try #require(before.first)
            #expect(before.count == 1)
            #expect(ban.prefix.contains(attacker))
            #expect(!ban.prefix.contains(Site.client(family)))
            #expect(ban.origin == .automatic && ban.action == .ban && !ban.isShadowed)
            let after = try #require(try await agent.client.bans().first)
            #expect(after.dropped.packets > ban.dropped.packets)
            try await checkCommands(agent, attacker)
            let end = try await agent.stop()
            #expect(end.status == 0)
            #expect(end.output.contains("BAN \(ban.prefix)"))
            #expect(end.error.isEmpty)
            #expect(try await site.leftovers().isEmpty)
        }

        private func checkCommands(_ agent: RunningAgent, _ attacker: Address) async throws {
            for command in ["status", "bans", "alerts", "top", "explain \(attacker)"] {
                let table = try await agent.sluice(command)
                #expect(table.status == 0, "\(command): \(table.error)")
                #expect(!table.output.isEmpty)
                let json = try await agent.sluice("\(command) --format json")
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json.output.utf8)) }
                if command != "status", command != "top" {
                    #expect(table.output.contains("\(attacker)") || json.output.contains("\(attacker)"))
                }
            }
            #expect(try await agent.sluice("status").output.contains("1 ban"))
            let explanation = try await agent.sluice("explain \(attacker)").output
            #expect(explanation.contains("are dropped, others pass: it was shut out there automatically"))
            let curl = try await agent.site.run([
                "curl", "--silent", "--max-time", "5", "--unix-socket", agent.socket, "http://sluice/v1/bans",
            ])
            #expect(curl.output.contains("\(attacker)"))
        }
    }
}
