import API
import Control
import Foundation
import Policy
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("Changes that are to be confirmed, and what is told of them")
    struct ConfirmationTests {
        @Test(
            "An operator who bans his own network is in again at the deadline, though the agent was killed meanwhile"
        )
        func undoes() async throws {
            try await withSite { site in
                let server = try site.receiver()
                let first = try await RunningAgent(site)
                let sources = Site.Family.allCases.map(Site.attacker)
                for source in sources {
                    let ban = try await first.sluice("ban \(source) --confirm 10s")
                    #expect(ban.status == 0 && ban.output.contains("sluice confirm "), "\(ban)")
                }
                #expect(try await first.sluice("mode shadow --confirm 10s").status == 0)
                #expect(try await first.sluice("status").output.contains("unless: sluice confirm 3"))
                first.program.remove()
                _ = server.arrivals(from: Set(sources))
                let sender = try site.sender()
                func send() throws {
                    for family in Site.Family.allCases {
                        #expect(
                            sender.send(Frame.flood(from: Site.attacker(family), to: Site.server(family))[0]))
                    }
                }
                try send()
                try await Task.sleep(for: .milliseconds(200))
                #expect(server.arrivals(from: Set(sources)) == 0, "a ban that waits is enforced")
                try await Task.sleep(for: .seconds(10))
                try send()
                var arrived = 0
                let areIn = await eventually {
                    arrived += server.arrivals(from: Set(sources))
                    return arrived == 2
                }
                #expect(areIn, "the kernel goes on blocking without an agent")

                let second = try await RunningAgent(site)
                #expect(try await second.client.bans().isEmpty)
                #expect(try await second.client.modes().groups.map(\.mode) == [.enforce])
                #expect(try await second.client.pending().isEmpty)
                let trail = try await second.client.audit(AuditQuery(limit: 100))
                #expect(trail.count { $0.verb == "await" } == 3 && trail.count { $0.verb == "undo" } == 3)
                #expect(try await second.client.verifyAudit(AuditPart()).broken == nil)
                #expect(try await second.stop().status == 0)
            }
        }

        @Test("Who follows the events sees each change as it is made, by whom, until the agent stops")
        func tells() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                var events = try await agent.client.followEvents(EventQuery()).makeAsyncIterator()
                let changes: [(String, EventReport.Kind)] = [
                    ("ban 192.0.2.7", .ban), ("unban 192.0.2.7", .end), ("allow add 2001:db8:5::/48", .allow),
                    ("protect add 203.0.113.0/24", .protect), ("mode limit", .mode),
                ]
                for (command, kind) in changes {
                    #expect(try await agent.sluice(command).status == 0)
                    var event = try await events.next()
                    while let other = event?.kind, [.warning, .learn, .interface].contains(other) {
                        event = try await events.next()
                    }
                    #expect(
                        event?.kind == kind && event?.who.contains("(uid 0)") == true,
                        "\(String(describing: event))")
                }
                let status = try await agent.client.status()
                let trail = try await agent.client.audit(AuditQuery(limit: 100))
                let hash = try #require(status.configuration)
                #expect(
                    trail.contains { $0.verb == "ban" && $0.detail.contains("\"configuration\":\"\(hash)\"") }
                )
                #expect(try await agent.client.settings().hash == hash)
                #expect(try await agent.stop().status == 0)
                // The word of the stop comes, if the connection outlives it; then the end.
                await #expect(throws: AgentUnreachable.self) {
                    while try await events.next() != nil {}
                }
            }
        }
    }
}
