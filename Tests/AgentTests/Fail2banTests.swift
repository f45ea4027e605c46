import API
import Control
import Foundation
import Testing
import Traffic

extension EndToEnd {
    @Suite("Bans by the real fail2ban")
    struct Fail2banTests {
        private static let action = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../packaging/fail2ban/sluice.conf").standardizedFileURL

        /// A jail that watches a file, with our action as it is shipped.
        private static func configure(_ folder: URL, _ agent: RunningAgent) throws -> URL {
            let files = FileManager.default
            for name in ["action.d", "filter.d"] {
                try files.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: true)
            }
            try files.copyItem(at: action, to: folder.appending(path: "action.d/sluice.conf"))
            let log = folder.appending(path: "app.log")
            let texts = [
                "app.log": "",
                "filter.d/app.conf": "[Definition]\nfailregex = ^ denied <HOST>$\n",
                "fail2ban.conf": """
                [Definition]
                loglevel = INFO
                logtarget = \(folder.path)/log
                syslogsocket = auto
                socket = \(folder.path)/f.sock
                pidfile = \(folder.path)/pid
                dbfile = None
                dbpurgeage = 1d
                dbmaxmatches = 10

                """,
                "jail.conf": """
                [DEFAULT]
                allowipv6 = auto
                usedns = no
                backend = polling
                filter = app
                logpath = \(log.path)
                findtime = 600
                bantime = 3600
                action = sluice[name="%(__name__)s", sluice="\(sluicePath)", options="--socket \(agent.socket)"]
                [app]
                enabled = true
                maxretry = 3

                """,
            ]
            for (name, text) in texts {
                try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
            }
            return log
        }

        @Test("bans and unbans through sluice, and lifts nobody else's bans")
        func bans() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let folder = site.folder.appending(path: "f2b")
                let log = try Self.configure(folder, agent)
                let control = ["-c", folder.path, "-s", "\(folder.path)/f.sock", "-p", "\(folder.path)/pid"]
                let program = try site.start(
                    ["fail2ban-server"] + control + ["-f", "start"], in: site.gateway)
                func told() -> String {
                    (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? ""
                }
                let isUp = await eventually { told().contains("Jail 'app' started") }
                try #require(isUp, "\(program.text) \(told())")
                #expect(
                    try await agent.sluice("ban 203.0.113.9 --reason blocklist").status == 0)
                let failing = ["203.0.113.9", "203.0.113.10", "2001:db8:bad::1", "::ffff:203.0.113.11"]
                let time = Date().formatted(.iso8601)
                let lines = failing.flatMap { address in
                    (0..<3).map { _ in "\(time) denied \(address)\n" }
                }
                try lines.joined().write(to: log, atomically: false, encoding: .utf8)
                func banned() async throws -> [String: String] {
                    let bans = try await agent.client.bans()
                    return Dictionary(bans.map { ("\($0.prefix)", $0.reason) }) { first, _ in first }
                }
                let expected = [
                    "203.0.113.9": "blocklist", "203.0.113.10": "fail2ban app",
                    "2001:db8:bad::1": "fail2ban app", "203.0.113.11": "fail2ban app",
                ]
                let isBanned = try await eventually { try await banned() == expected }
                let found = try await banned()
                #expect(isBanned, "\(found) \(told())")
                let bans = try await agent.client.bans()
                for ban in bans where ban.reason != "blocklist" {
                    #expect(
                        ban.expires.map { (3590...3600).contains(($0 - ban.since).seconds) } == true, "\(ban)"
                    )
                }
                // One that has ended by itself, for fail2ban to find nothing.
                #expect(try await agent.sluice("unban 203.0.113.10").status == 0)
                let unban = try await site.run(
                    ["fail2ban-client"] + control + ["set", "app", "unbanip"]
                        + failing.map { $0.replacing("::ffff:", with: "") })
                #expect(unban.status == 0, "\(unban)")
                let isLifted = try await eventually { try await banned() == ["203.0.113.9": "blocklist"] }
                let left = try await banned()
                #expect(isLifted, "\(left) \(told())")
                #expect(!told().contains("ERROR"), "\(told())")
                program.signal(SIGTERM)
                _ = try await program.ended()
            }
        }
    }
}
