import API
import Control
import Features
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
            "A port scan is kept from all that does not answer, in the kernel, and others get through",
            arguments: Site.Family.allCases)
        func scan(family: Site.Family) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let (attacker, server) = (Site.attacker(family), Site.server(family))
                try await check(
                    agent, family, Frame.scan(from: attacker, to: server), packetsPerSecond: 200, by: .limit)
            }
        }

        @Test(
            "explain says of a source and of a destination which features made it, their share, value and usual one, and what would have been harmless",
            arguments: RunningAgent.Knowledge.inTurn)
        func explanation(family: Site.Family, knowledge: RunningAgent.Knowledge) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, knowing: knowledge)
                let (attacker, server) = (Site.attacker(family), Site.server(family))
                for _ in 0..<5 { #expect(try await site.fetch(family)) }
                let many = (0..<300 as Range<UInt64>).map { number in
                    family == .ipv4
                        ? Address(ipv4: 0xCB00_7200 + UInt32(number))
                        : Address(ipv6High: 0x2001_0DB8_00FF_0000 + number, low: 1)
                }
                let (scan, flood) = (
                    Frame.scan(from: attacker, to: server), many.flatMap { Frame.flood(from: $0, to: server) }
                )
                for (frames, rate, address, view) in [
                    (scan, 200, attacker, Entity.View.source), (flood, 3_000, server, .destination),
                ] {
                    let attack = try site.attack(frames, packetsPerSecond: rate)
                    let isTold = try await eventually {
                        try await agent.client.explain(address).alert?.view == view
                    }
                    await attack.stop()
                    let text = try await agent.sluice("explain \(address)").output
                    try #require(isTold, "\(text)\(agent.program.text)")
                    let alert = try #require(try await agent.client.explain(address).alert)
                    #expect(text.contains("Why: ") && alert.summary.contains(/usual(: |ly )[0-9]/), "\(text)")
                    for title in ["FEATURE", "VALUE", "USUAL", "HARMLESS AT", "SHARE"] {
                        #expect(text.contains(title), "\(text)")
                    }
                    #expect(text.contains("5 TO 95 %") == (knowledge == .learned), "\(text)")
                    #expect(text.contains(", model \(alert.model)"), "\(text)")
                    let feature = try #require(alert.features.first)
                    #expect(feature.share > 0 && feature.value > feature.usual, "\(text)")
                    #expect(try #require(feature.harmless) < feature.value, "\(text)")
                    #expect((feature.low != nil) == (knowledge == .learned), "\(text)")
                }
                #expect(try await agent.stop().status == 0)
            }
        }

        /// Attacks, waits for the ban, and holds everything that can be asked against it.
        private func check(
            _ agent: RunningAgent, _ family: Site.Family, _ frames: [[UInt8]], packetsPerSecond: Int,
            by action: BanReport.Action = .ban
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
            #expect(ban.origin == .automatic && ban.action == action && !ban.isShadowed)
            let after = try #require(try await agent.client.bans().first)
            #expect(after.dropped.packets > ban.dropped.packets)
            try await checkCommands(agent, attacker, action)
            let end = try await agent.stop()
            #expect(end.status == 0)
            #expect(end.output.contains("\(action.rawValue.uppercased()) \(ban.prefix)"))
            #expect(end.error.isEmpty)
            #expect(try await site.leftovers().isEmpty)
        }

        private func checkCommands(
            _ agent: RunningAgent, _ attacker: Address, _ action: BanReport.Action
        ) async throws {
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
            #expect(try await agent.sluice("status").output.contains("1 \(action.rawValue)"))
            let explanation = try await agent.sluice("explain \(attacker)").output
            let words =
                action == .ban
                ? "are dropped, others pass: it was shut out there automatically"
                : "begins at services that do not answer is dropped, all else passes: it was limited automatically"
            #expect(explanation.contains(words), "\(explanation)")
            let curl = try await agent.site.run([
                "curl", "--silent", "--max-time", "5", "--unix-socket", agent.socket, "http://sluice/v1/bans",
            ])
            #expect(curl.output.contains("\(attacker)"))
        }
    }
}
