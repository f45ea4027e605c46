import API
import BPF
import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("Rules by hand")
    struct RuleTests {
        @Test(
            "Bans, unbans and allow-list entries take effect on packets at once",
            arguments: Site.Family.allCases)
        func byHand(family: Site.Family) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, ["--mode", "shadow"])
                let client = Site.client(family)
                func passes() async throws -> Bool { try await site.ping(family) }

                #expect(try await agent.sluice("ban \(client) --duration 10m --reason test").status == 0)
                #expect(try await !passes(), "a ban has no effect")
                #expect(try await agent.sluice("explain \(client)").output.contains("it was banned by hand"))
                #expect(try await agent.sluice("unban \(client)").status == 0)
                #expect(try await passes(), "an unban has no effect")

                #expect(try await agent.sluice("ban \(client)").status == 0)
                #expect(try await !passes())
                let allowed = try await agent.sluice("allow add \(client)")
                #expect(allowed.status == 0)
                #expect(allowed.output.contains("\(client)"))
                #expect(try await passes(), "the allow-list does not lift a ban")
                #expect(try await agent.client.bans().isEmpty)
                let refused = try await agent.sluice("ban \(client)")
                #expect(refused.status == 5)
                #expect(refused.error.contains("allow-list"))

                #expect(try await agent.sluice("allow remove \(client)").status == 0)
                let prefix = family == .ipv4 ? "198.51.100.0/25" : "2001:db8:1::/64"
                let own = try await agent.sluice("ban \(prefix)")
                #expect(own.status == 5, "a ban that has the gateway itself must be refused")
                #expect(try await passes())
                #expect(try await agent.sluice("unban 203.0.113.1").status == 4)
                try await agent.stop()
            }
        }

        @Test("A ban ends by itself, in the kernel, even when the agent is gone")
        func expiry() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                #expect(try await agent.sluice("ban \(Site.client(.ipv4)) --duration 3s").status == 0)
                #expect(try await !site.ping(.ipv4))
                agent.program.remove()
                #expect(try await eventually(within: .seconds(6)) { try await site.ping(.ipv4) })
                #expect(try await !site.leftovers().isEmpty)
            }
        }

        @Test("Rules that somebody deletes from the kernel are back within seconds, and it is told")
        func drift() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                #expect(try await agent.sluice("ban 198.51.100.2/31").status == 0)
                #expect(try await agent.sluice("ban 2001:db8:1::2/127").status == 0)
                let table = try BPFMap(name: "source_rules", pinnedAt: "\(site.pins)/map_source_rules")
                    .mapMemory()
                unsafe memset(table.base, 0, table.count)
                withExtendedLifetime(table) {}
                // These two, and what lets gateways pass.
                #expect(await eventually { (try? await agent.client.status().ruleDrift.missing) ?? 0 >= 2 })
                for family in Site.Family.allCases { #expect(try await !site.ping(family)) }
                #expect(try await agent.sluice("status").output.contains(" put back"))
                #expect(try await agent.sluice("audit").output.contains("mend"))
                #expect(try await agent.stop().output.contains("somebody else changed the rules"))
            }
        }
    }
}
