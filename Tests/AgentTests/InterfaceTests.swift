import API
import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("The interfaces of an agent")
    struct InterfaceTests {
        @Test("An interface that another XDP program holds is left to it")
        func heldInterface() async throws {
            try await withSite { site in
                let load = try await site.run(
                    ["xdp-filter", "load", "--mode", "skb", "wan"], in: site.gateway)
                try #require(load.status == 0, "\(load.error)")
                let held = try await site.run(["ip", "-n", site.gateway, "link", "show", "dev", "wan"]).output
                let end = try await RunningAgent.program(
                    site, configuration: RunningAgent.configuration(site)
                ).ended()
                #expect(end.status == 1)
                for word in ["another XDP program", "holds wan", "xdp-filter", "--replace"] {
                    #expect(end.error.contains(word), "\(end.error)")
                }
                #expect(
                    try await site.run(["ip", "-n", site.gateway, "link", "show", "dev", "wan"]).output
                        == held)
                _ = try await site.run(["xdp-filter", "unload", "wan"], in: site.gateway)
                #expect(try await site.leftovers().isEmpty)
            }
        }

        @Test("With --replace it takes that program's place, and says so")
        func replacing() async throws {
            try await withSite { site in
                let load = try await site.run(
                    ["xdp-filter", "load", "--mode", "skb", "wan"], in: site.gateway)
                try #require(load.status == 0, "\(load.error)")
                let agent = try await RunningAgent(site, ["--replace"])
                #expect(agent.program.text.contains("took the place of 'xdp"), "\(agent.program.text)")
                #expect(try await agent.sluice("ban \(Site.client(.ipv4))").status == 0)
                #expect(try await !site.ping(.ipv4))
                try await agent.stop()
                #expect(try await site.leftovers().isEmpty)
                for pin in ["/sys/fs/bpf/xdp-filter"] { try? FileManager.default.removeItem(atPath: pin) }
            }
        }

        @Test("When its only interface disappears it goes on, warns, and bans hold as soon as it is back")
        func comingBack() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                for family in Site.Family.allCases {
                    #expect(try await agent.sluice("ban \(Site.client(family))").status == 0)
                }
                try command("ip -n \(site.gateway) link del wan")
                let isMissed = try await eventually {
                    try await agent.client.status().interfaces.map(\.state) == ["missing"]
                }
                #expect(isMissed)
                #expect(try await agent.client.status().warnings.contains { $0.contains("wan is not there") })
                #expect(try await agent.sluice("status").output.contains("wan (missing)"))
                try site.connectOutside()
                let isBack = try await eventually {
                    try await agent.client.status().interfaces.map(\.attach) == ["native"]
                }
                #expect(isBack)
                for family in Site.Family.allCases { #expect(try await !site.ping(family)) }
                #expect(try await agent.client.status().warnings == [])
                #expect(agent.program.text.contains("wan is there, and guarded (native)"))
                try await agent.stop()
                #expect(try await site.leftovers().isEmpty)
            }
        }

        @Test(
            "An interface that is renamed, and one that is switched off, show in the status and stay guarded")
        func renamedAndDown() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, ["--interface", "wan", "--interface", "lan"])
                for family in Site.Family.allCases {
                    #expect(try await agent.sluice("ban \(Site.client(family))").status == 0)
                }
                try command("ip -n \(site.gateway) link set wan name uplink")
                try command("ip -n \(site.gateway) link set lan down")
                let shows = try await eventually {
                    let status = try await agent.client.status()
                    return status.warnings.contains { $0.contains("wan is called uplink now") }
                        && status.interfaces.map(\.state) == ["up", "down"]
                }
                #expect(shows)
                try command("ip -n \(site.gateway) link set lan up")
                for family in Site.Family.allCases { #expect(try await !site.ping(family)) }
                let metrics = try await site.run(
                    ["curl", "-s", "--unix-socket", agent.socket, "http://localhost/v1/metrics"])
                #expect(metrics.output.contains(#"sluice_interface_guarded{interface="wan"} 1"#))
                try await agent.stop()
                #expect(try await site.leftovers().isEmpty)
            }
        }
    }
}
