import API
import Control
import Foundation
import Policy
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("Policy groups on a gateway")
    struct GroupTests {
        private static let groups = """
            groups:
              - name: servers
                protects: [10.20.0.2, "2001:db8:20::2"]
                mode: shadow
                bans: {duration: 1m}
              - {name: outside, roles: [wan], mode: learn}

            """

        @Test(
            "A group's mode changes while packets flow: nobody else loses one, none of the attacker's gets by",
            arguments: Site.Family.allCases)
        func changesMode(family: Site.Family) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, with: Self.groups)
                let (attacker, victim) = (Site.attacker(family), Site.server(family))
                let server = try site.receiver()
                for _ in 0..<5 { #expect(try await site.fetch(family)) }
                let pings = try site.start(
                    ["ping", "-n", "-i", "0.02", "-w", "60", "\(victim)"], in: site.outside)
                let attack = try site.attack(
                    Frame.flood(from: attacker, to: victim), packetsPerSecond: 2500)
                func bans() async throws -> [BanReport] {
                    try await agent.client.bans().filter { $0.prefix.contains(attacker) }
                }
                let isFound = try await eventually { try await !bans().isEmpty }
                try #require(isFound, "no rule: \(agent.program.text)")
                let ban = try #require(try await bans().first)
                #expect(ban.group == "servers" && ban.isShadowed)
                #expect((ban.expires.map { $0 - ban.since } ?? .zero) <= .seconds(60))
                _ = server.arrivals(from: [attacker])
                try await Task.sleep(for: .milliseconds(300))
                #expect(server.arrivals(from: [attacker]) > 0, "a rule in shadow drops")

                #expect(try await agent.sluice("mode enforce --group servers").status == 0)
                // What was on its way.
                try await Task.sleep(for: .milliseconds(100))
                _ = server.arrivals(from: [attacker])
                for mode in ["limit", "enforce", "limit", "enforce"] {
                    #expect(try await agent.sluice("mode \(mode) --group servers").status == 0)
                }
                #expect(server.arrivals(from: [attacker]) == 0, "a change of mode left a gap")
                #expect(try await bans().map(\.isShadowed) == [false])
                try await Task.sleep(for: .seconds(1))
                let modes = try await agent.client.modes()
                #expect(modes.groups.map(\.mode) == [.enforce, .enforce, .learn])
                let explained = try await agent.sluice("explain \(attacker) --format json").output
                #expect(explained.contains(#""group" : "servers""#), "\(explained)")
                let status = try await agent.sluice("status").output
                #expect(status.contains("servers: enforce, 1 ban, "))
                #expect(try await agent.sluice("mode learn --group sevrers").status == 4)

                let report = try await agent.client.report(since: nil)
                let group = try #require(report.groups.first { $0.name == "servers" })
                #expect(
                    group.outcomes.map(\.bans) == [0, 1, 0, 1]
                        && group.outcomes[2].limits == group.outcomes[3].limits + 1)
                #expect(group.outcomes[3].stopped.packets > 0 && group.outcomes[3].share > 0)
                #expect(group.outcomes[2].stopped.packets > 0)
                #expect(group.outcomes[2].stopped.packets < group.outcomes[3].stopped.packets)
                #expect(group.outcomes[3].knownSources == 0)
                #expect(group.traffic.packets >= group.outcomes[3].stopped.packets)
                #expect(group.advice.move == .stay)
                #expect(try await agent.sluice("report").output.contains("Group servers  enforce; "))
                #expect(
                    try await agent.sluice("report --format csv").output.contains("\nservers,enforce,true,1,")
                )

                await attack.stop()
                pings.signal(SIGINT)
                let lost = try await pings.ended()
                #expect(lost.output.contains(" 0% packet loss"), "\(lost.output.suffix(200))")
                try await agent.stop()
            }
        }

        @Test("A reload swaps the groups: rules follow, and another threshold holds at once")
        func reloads() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, with: Self.groups)
                let file = site.folder.appending(path: "sluice.yaml")
                func write(_ more: String) throws {
                    try RunningAgent.configuration(site, with: more).write(
                        to: file, atomically: true, encoding: .utf8)
                }
                try write("groups: [{name: servers, protects: [10.20.0.0/24], mode: on}]\n")
                let wrong = try await agent.sluice("reload")
                #expect(wrong.status == 5 && wrong.error.contains("mode must be one of"))
                #expect(try await agent.client.modes().groups.map(\.name) == [nil, "servers", "outside"])
                try write(
                    "groups: [{name: servers, protects: [10.20.0.0/24], mode: limit, detection: {false_alarms_per_day: 3}}, "
                        + "{name: lost, interfaces: [nowhere0]}]\n")
                #expect(try await agent.client.reload().map(\.key) == ["groups"])
                let status = try await agent.client.status()
                #expect(status.groups.map(\.name) == ["servers", "lost"])
                #expect(status.groups.map(\.mode) == [.limit, .enforce])
                #expect(status.groups.map(\.acceptedAlarmsPerDay) == [3, 1])
                #expect(
                    status.warnings.contains {
                        $0 == "no route leads through nowhere0, so the policy group lost sees nothing of it"
                    })
                try write("")
                #expect(try await agent.client.reload().map(\.key) == ["groups"])
                #expect(try await agent.client.status().warnings.isEmpty)
                try await agent.stop()
            }
        }
    }
}
