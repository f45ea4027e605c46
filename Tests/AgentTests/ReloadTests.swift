import API
import Control
import Foundation
import Testing

extension EndToEnd {
    @Suite("Reload")
    struct ReloadTests {
        @Test("A changed file holds as a whole, or not at all: by sluice reload, and by SIGHUP")
        func reloads() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, with: "bans: {duration: 1m}\n")
                let file = site.folder.appending(path: "sluice.yaml")
                func write(_ more: String) throws {
                    try RunningAgent.configuration(site, with: more).write(
                        to: file, atomically: true, encoding: .utf8)
                }
                func value(_ key: String) async throws -> String? {
                    try await agent.client.settings().settings.first { $0.key == key }?.value
                }

                let before = try await agent.client.status().configuration
                #expect(try await agent.sluice("reload").output == "Nothing has changed.\n")
                #expect(try await agent.client.status().configuration == before)
                try write("bans: {duration: 2m}\nallow: [192.0.2.0/24]\n")
                #expect(try await agent.client.reload().map(\.key) == ["allow", "bans.duration"])
                #expect(try await agent.client.allowed().contains { "\($0.prefix)" == "192.0.2.0/24" })
                #expect(try await agent.client.status().configuration != before)

                let hash = try #require(try await agent.client.status().configuration)
                let note = try #require(try await agent.client.audit(AuditQuery(kind: .reload)).first)
                #expect(note.detail.contains("\"configuration\":\"\(hash)\""), "\(note)")

                // A mistake, and a key that needs a restart: nothing of either file holds.
                try write("bans: {duration: 3m}\ninterval: 7s\n")
                let wrong = try await agent.sluice("reload")
                #expect(wrong.status == 5 && wrong.error.contains("sluice.yaml:6:11: interval must be"))
                try write("bans: {duration: 3m}\nflow_table: {slots_per_cpu: 2048}\n")
                let fixed = try await agent.sluice("reload")
                #expect(fixed.status == 5)
                #expect(fixed.error.contains("a change of `flow_table.slots_per_cpu` needs a restart"))
                #expect(try await value("bans.duration") == "2m")

                try write("bans: {duration: 4m}\n")
                agent.program.signal(SIGHUP)
                #expect(try await eventually { try await value("bans.duration") == "4m" })
                let text = try await agent.sluice("config --format csv").output
                #expect(text.contains("bans.duration,4m,file \(file.path):5,true"))
                try await agent.stop()
            }
        }
    }
}
