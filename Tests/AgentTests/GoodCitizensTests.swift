import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    /// The agent enforces, and has learned nothing: nobody of these may be banned, whatever else goes on.
    @Suite("Who must not be blocked")
    struct GoodCitizensTests {
        /// What is in force against an address.
        private func rules(of agent: RunningAgent, on address: Address) async throws -> [String] {
            try await agent.client.bans().filter { $0.prefix.contains(address) }
                .map { "\($0.prefix) \($0.action) \($0.target?.spoken ?? "everything"): \($0.summary)" }
        }

        @Test("Behind one address are a hundred clients and one scanner: the clients go on")
        func translation() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let clients = try site.crowd(100)
                #expect(
                    try await eventually { try await agent.client.top(TopQuery()).count >= 1 })
                try await Task.sleep(for: .seconds(3))
                let attack = try site.attack(
                    Frame.scan(from: Site.client(.ipv4), to: Site.server(.ipv4)), packetsPerSecond: 300)
                try await Task.sleep(for: .seconds(5))
                let alerts = try await agent.client.alerts(since: nil, limit: 9)
                #expect(
                    alerts.contains { $0.prefix.contains(Site.client(.ipv4)) },
                    "the scan was not even seen: \(agent.program.text)")
                #expect(try await rules(of: agent, on: Site.client(.ipv4)) == [])
                #expect(try await site.fetch(.ipv4), "the clients are cut off")
                await attack.stop()
                clients.signal(SIGTERM)
                try await agent.stop()
            }
        }

        @Test("A flash crowd: two hundred strangers come within seconds, and each gets what he asks for")
        func flashCrowd() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let strangers = (0..<200).map { Address(ipv4: 0xC633_6400 + 40 + UInt32($0)) }
                let crowd = try site.crowd(strangers)
                try await Task.sleep(for: .seconds(10))
                #expect(try await agent.client.bans().map { "\($0.prefix) \($0.summary)" } == [])
                crowd.signal(SIGTERM)
                try await agent.stop()
            }
        }

        @Test("A speed test: as much as the wire takes, for eight seconds")
        func speedTest() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let server = try site.start(["iperf3", "--server", "--one-off"], in: site.inside)
                try await Task.sleep(for: .milliseconds(500))
                let test = try await site.run(
                    ["iperf3", "--client", "\(Site.server(.ipv4))", "--time", "8", "--parallel", "4"],
                    in: site.outside)
                #expect(test.status == 0, "\(test.error)\(test.output)")
                #expect(try await agent.client.bans().map { "\($0.prefix) \($0.summary)" } == [])
                server.signal(SIGTERM)
                try await agent.stop()
            }
        }
    }
}
