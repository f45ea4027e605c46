import API
import Control
import Foundation
import Glibc
import Testing
import Traffic

extension EndToEnd {
    @Suite("Who follows the events")
    struct FollowTests {
        @Test("Goes on with the next agent when one stops or is killed, says so, and misses nothing of it")
        func reconnects() async throws {
            try await withSite { site in
                let first = try await RunningAgent(site)
                let follower = try site.start([
                    sluicePath, "events", "--follow", "--limit", "1", "--socket", first.socket,
                ])
                func told(_ words: String) async -> Bool {
                    await eventually { follower.text.contains(words) }
                }
                #expect(await told("START"))
                _ = try await first.client.ban(AddRequest(prefixes: [Prefix(Site.attacker(.ipv4))]))
                #expect(await told("BAN \(Site.attacker(.ipv4))"))
                try await first.stop()
                #expect(await told("has stopped: waiting for the next one"), "\(follower.text)")

                // What the next one does before the follower notices is told too.
                let second = try await RunningAgent(site)
                _ = try await second.client.ban(AddRequest(prefixes: [Prefix(Site.attacker(.ipv6))]))
                #expect(await told("BAN \(Site.attacker(.ipv6))"), "\(follower.text)")
                #expect(follower.text.contains("an agent answers again"))
                second.program.remove()
                let third = try await RunningAgent(site)
                #expect(
                    await eventually { follower.text.split(separator: "START").count == 4 },
                    "\(follower.text)")
                for ban in [Site.attacker(.ipv4), Site.attacker(.ipv6)] {
                    #expect(follower.text.split(separator: "BAN \(ban)").count == 2, "\(follower.text)")
                }
                #expect(follower.isRunning)
                try await third.stop()
            }
        }

        @Test("Where no agent answers at first, it says so and ends")
        func needsOne() async throws {
            try await withSite { site in
                let outcome = try await site.run([
                    sluicePath, "events", "--follow", "--socket", "\(site.folder.path)/nobody.sock",
                ])
                #expect(outcome.status == 3 && outcome.error.contains("no agent answers"))
            }
        }
    }
}
