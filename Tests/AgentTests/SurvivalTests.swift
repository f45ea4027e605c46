import API
import BPF
import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("What outlives an agent")
    struct SurvivalTests {
        /// Both families attack at once; returns when both are banned and nothing of them is under way any more.
        private static func attackUntilBanned(_ agent: RunningAgent, _ server: PacketSocket) async throws
            -> Attack
        {
            let site = agent.site
            for family in Site.Family.allCases {
                for _ in 0..<3 { #expect(try await site.fetch(family)) }
            }
            let frames = Site.Family.allCases.flatMap {
                Frame.flood(from: Site.attacker($0), to: Site.server($0))
            }
            let attack = try site.attack(frames, packetsPerSecond: 5000)
            let areBanned = try await eventually { try await agent.client.bans().count == 2 }
            try #require(areBanned, "no bans: \(agent.program.text)")
            try await Task.sleep(for: .milliseconds(100))
            _ = server.arrivals(from: attackers)
            return attack
        }

        private static let attackers = Set(Site.Family.allCases.map(Site.attacker))

        @Test(
            "After kill -9 in mid-attack no packet leaks, and the next agent takes over rules, counters and remaining time"
        )
        func killed() async throws {
            try await withSite { site in
                let server = try site.receiver()
                let first = try await RunningAgent(site)
                let attack = try await Self.attackUntilBanned(first, server)
                let before = try await first.client.bans()
                first.program.remove()
                try await Task.sleep(for: .seconds(1))
                let second = try await RunningAgent(site)
                try await Task.sleep(for: .seconds(1))
                let after = try await second.client.bans()
                #expect(server.arrivals(from: Self.attackers) == 0, "packets of banned sources got through")
                await attack.stop()

                #expect(after.map(\.ruleID) == before.map(\.ruleID))
                #expect(after.map(\.prefix) == before.map(\.prefix))
                for (old, new) in zip(before, after) {
                    let (old, new) = (old, new)
                    #expect(new.expires == old.expires)
                    #expect(
                        new.dropped.packets > old.dropped.packets + 1000,
                        "what was dropped meanwhile is not counted")
                }
                #expect(after.map(\.dropped.packets).reduce(0, +) <= UInt64(attack.sent))
                #expect(try await second.stop().status == 0)
                #expect(try await site.leftovers().isEmpty)
                try site.sender().send(Frame.flood(from: Site.attacker(.ipv4), to: Site.server(.ipv4))[0])
                #expect(
                    await eventually { server.arrivals(from: Self.attackers) == 1 },
                    "still blocked without an agent")
            }
        }

        @Test(
            "An upgrade in mid-attack to another ABI, or to other tables, leaks no packet, and bans and counters go on",
            arguments: ["another ABI", "other tables"])
        func upgraded(to change: String) async throws {
            try await withSite { site in
                let server = try site.receiver()
                let first = try await RunningAgent(site, ["--stay-attached"])
                let attack = try await Self.attackUntilBanned(first, server)
                let before = try await first.client.bans()
                let program = { try BPFProgram(name: "program", pinnedAt: "\(site.pins)/program").info?.id }
                let former = try program()
                #expect(try await first.stop().status == 0)
                if change == "another ABI" {
                    // What an older version would have left: the first word is its number.
                    let memory = try BPFMap(name: "control", pinnedAt: "\(site.pins)/map_control").mapMemory()
                    unsafe memory.base.storeBytes(of: 1, as: UInt32.self)
                    withExtendedLifetime(memory) {}
                }
                let second = try await RunningAgent(
                    site, with: change == "other tables" ? "flow_table: {slots_per_cpu: 4096}\n" : "")
                #expect(try program() != former, "taken over, not replaced")
                try await Task.sleep(for: .seconds(1))
                let after = try await second.client.bans()
                #expect(server.arrivals(from: Self.attackers) == 0, "packets of banned sources got through")
                await attack.stop()

                #expect(after.map(\.ruleID) == before.map(\.ruleID))
                #expect(after.map(\.prefix) == before.map(\.prefix))
                #expect(after.map(\.expires) == before.map(\.expires))
                for (old, new) in zip(before, after) {
                    let (old, new) = (old, new)
                    #expect(new.dropped.packets > old.dropped.packets + 1000, "what was counted is lost")
                }
                #expect(after.map(\.dropped.packets).reduce(0, +) <= UInt64(attack.sent))
                #expect(try await second.stop().status == 0)
                #expect(try await site.leftovers().isEmpty)
            }
        }

        @Test("With --stay-attached program and rules stay, and the next agent takes them over")
        func staysAttached() async throws {
            try await withSite { site in
                let first = try await RunningAgent(site, ["--stay-attached"])
                #expect(try await first.sluice("ban \(Site.client(.ipv4))").status == 0)
                #expect(try await first.sluice("ban \(Site.client(.ipv6))").status == 0)
                let end = try await first.stop()
                #expect(end.status == 0)
                #expect(end.output.contains("stay in the kernel"))
                #expect(try await !site.leftovers().isEmpty)
                for family in Site.Family.allCases { #expect(try await !site.ping(family)) }
                let second = try await RunningAgent(site)
                #expect(try await second.client.bans().count == 2)
                for family in Site.Family.allCases { #expect(try await !site.ping(family)) }
                try await second.stop()
                #expect(try await site.leftovers().isEmpty)
                for family in Site.Family.allCases { #expect(try await site.ping(family)) }
            }
        }

        @Test(
            "After a restart of the machine bans are back with the time they have left, and those that are over are not"
        )
        func machineRestart() async throws {
            try await withSite { site in
                let first = try await RunningAgent(site)
                #expect(try await first.sluice("ban \(Site.client(.ipv4)) --duration 10m").status == 0)
                #expect(try await first.sluice("ban \(Site.client(.ipv6)) --duration 2s").status == 0)
                #expect(try await first.sluice("allow add 203.0.113.0/24 --reason office").status == 0)
                let before = try await first.client.bans()
                first.program.remove()
                site.dropPins()
                _ = try await site.run(["tc", "-n", site.gateway, "qdisc", "del", "dev", "wan", "clsact"])
                #expect(try await site.leftovers().isEmpty)
                #expect(try await site.ping(.ipv4))
                try await Task.sleep(for: .seconds(2))

                let second = try await RunningAgent(site)
                let bans = try await second.client.bans()
                #expect(bans.map(\.prefix) == [Prefix(Site.client(.ipv4))])
                #expect(bans.first?.expires == before.first { $0.prefix == bans.first?.prefix }?.expires)
                #expect(try await second.sluice("allow list").output.contains("office"))
                #expect(try await !site.ping(.ipv4))
                #expect(try await site.ping(.ipv6))
                try await second.stop()
            }
        }

        @Test(
            "When the agent hangs or is killed, automatic bans hold or let go as configured, and manual ones hold",
            arguments: ["hangs", "is killed"], ["open", "closed"])
        func deadMan(end: String, action: String) async throws {
            try await withSite { site in
                let server = try site.receiver()
                let deadMan = "dead_man: {after: 2s, action: \(action)}\n"
                var agent = try await RunningAgent(site, with: deadMan)
                let attack = try await Self.attackUntilBanned(agent, server)
                for family in Site.Family.allCases {
                    #expect(try await agent.sluice("ban \(Site.client(family))").status == 0)
                }
                if end == "hangs" { agent.program.signal(SIGSTOP) } else { agent.program.remove() }
                if action == "open" {
                    for attacker in Self.attackers {
                        let letsGo = await eventually { server.arrivals(from: [attacker]) > 0 }
                        #expect(letsGo, "the automatic ban of \(attacker) outlives its agent")
                    }
                } else {
                    try await Task.sleep(for: .seconds(4))
                    #expect(server.arrivals(from: Self.attackers) == 0)
                }
                for family in Site.Family.allCases {
                    #expect(try await !site.ping(family), "a manual ban let go")
                }
                if end == "hangs" {
                    agent.program.signal(SIGCONT)
                } else {
                    agent = try await RunningAgent(site, with: deadMan)
                }
                let holds = await eventually {
                    _ = server.arrivals(from: Self.attackers)
                    try? await Task.sleep(for: .milliseconds(200))
                    return server.arrivals(from: Self.attackers) == 0
                }
                #expect(holds, "automatic bans do not come back with an agent")
                await attack.stop()
                try await agent.stop()
                #expect(try await site.leftovers().isEmpty)
            }
        }
    }
}
