import API
import Control
import Foundation
import Glibc
import Store
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("What the agent refuses, and what it goes on without")
    struct RefusalTests {
        /// A start that is to fail: what is wrong, and what the message must say.
        struct Case: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var configuration: @Sendable (Site) -> String = { RunningAgent.configuration($0) }
            var arguments: @Sendable (Site) -> [String] = { _ in [] }
            /// What makes it wrong, done before the start.
            var prepare: @Sendable (Site) throws -> Void = { _ in }
            let words: [String]
            var status: Int32 = 1

            static let all = [
                Case(
                    testDescription: "no interface is named",
                    configuration: {
                        "state: \($0.folder.path)/sluice.db\nsocket: \($0.folder.path)/s.sock\n"
                    },
                    words: ["name an interface", "--interface NAME"], status: 64),
                Case(
                    testDescription: "the interface is not there",
                    arguments: { _ in ["--interface", "eth9"] },
                    words: ["no interface 'eth9'", "there are: ", "wan"]),
                Case(
                    testDescription: "none of two interfaces is there",
                    arguments: { _ in ["--interface", "eth9", "--interface", "eth8"] },
                    words: ["no interface 'eth9'"]),
                Case(
                    testDescription: "the configuration has a key that does not exist",
                    configuration: { RunningAgent.configuration($0, with: "intreval: 1s\n") },
                    words: ["sluice.yaml:5:1: ", "intreval", "interval"], status: 2),
                Case(
                    testDescription: "the configuration has bad values",
                    configuration: {
                        RunningAgent.configuration(
                            $0, with: "bans: {duration: soon}\ndead_man:\n  after: 5\n")
                    },
                    words: ["sluice.yaml:5:", "soon", "sluice.yaml:7:"], status: 2),
                Case(
                    testDescription: "the configuration is not there",
                    prepare: { unlinkFile($0, "sluice.yaml") }, words: ["sluice.yaml"], status: 2),
                Case(
                    testDescription: "the database is damaged",
                    prepare: { try write(Data(repeating: 0x5A, count: 8192), "sluice.db", $0) },
                    words: [
                        "sluice.db: the database is damaged", "Nothing was changed", "Move it out of the way",
                    ]),
                Case(
                    testDescription: "the database is another program's",
                    prepare: {
                        try command([
                            "python3", "-c",
                            "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE t(x)')",
                            "\($0.folder.path)/sluice.db",
                        ])
                    },
                    words: ["sluice.db: is a database of another program", "Set `state`"]),
                Case(
                    testDescription: "the database cannot be made",
                    arguments: { _ in ["--state", "/proc/sluice/sluice.db"] },
                    words: ["/proc/sluice/sluice.db: cannot be opened", "set `state`"]),
                Case(
                    testDescription: "the key that signs models is damaged",
                    prepare: { site in
                        try write(Data("none".utf8), "sluice.db.key", site)
                        try command("chmod 600 \(site.folder.path)/sluice.db.key")
                    },
                    words: ["sluice.db.key", "it holds no key", "move it away"]),
                Case(
                    testDescription: "there is no BPF file system, and none can be mounted",
                    configuration: {
                        RunningAgent.configuration($0, with: "bpffs: \($0.folder.path)/nowhere\n")
                    },
                    words: ["/nowhere", "mount -t bpf bpf", "'bpffs'"]),
                Case(
                    testDescription: "a file stands where the socket should be",
                    prepare: { try write(Data("precious".utf8), "s.sock", $0) },
                    words: ["s.sock exists and is not a socket", "set `socket`"]),
            ]

            private static func write(_ data: Data, _ name: String, _ site: Site) throws {
                try data.write(to: site.folder.appending(path: name))
            }

            private static func unlinkFile(_ site: Site, _ name: String) {
                try? FileManager.default.removeItem(at: site.folder.appending(path: name))
            }
        }

        @Test(
            "It says what is wrong and what to do, changes nothing, and leaves nothing behind",
            arguments: Case.all)
        func refusal(_ refused: Case) async throws {
            try await withSite(hasServer: false) { site in
                let file = site.folder.appending(path: "sluice.yaml")
                try refused.configuration(site).write(to: file, atomically: true, encoding: .utf8)
                try refused.prepare(site)
                let kept = ["sluice.db", "s.sock"].map {
                    try? Data(contentsOf: site.folder.appending(path: $0))
                }
                let end = try await site.run(
                    [sluicePath, "run", "--config", file.path] + refused.arguments(site), in: site.gateway)
                Self.expect(end, status: refused.status, words: refused.words)
                for (name, data) in zip(["sluice.db", "s.sock"], kept) where data != nil {
                    #expect(try Data(contentsOf: site.folder.appending(path: name)) == data)
                }
                #expect(try await site.leftovers().isEmpty)
            }
        }

        private static func expect(_ end: Outcome, status: Int32 = 1, words: [String]) {
            #expect(end.status == status)
            #expect(end.error.hasPrefix("sluice: "), "\(end.error)")
            for word in words { #expect(end.error.contains(word), "\(end.error)") }
            #expect(!end.output.contains("watching"))
        }

        @Test("A second agent in the same namespace is refused, and the first goes on")
        func secondAgent() async throws {
            try await withSite { site in
                let first = try await RunningAgent(site)
                #expect(try await first.sluice("ban \(Site.client(.ipv4))").status == 0)
                let other = [
                    "--state", "\(site.folder.path)/other.db", "--socket", "\(site.folder.path)/other.sock",
                ]
                let second = try await RunningAgent.program(
                    site, configuration: RunningAgent.configuration(site), other + ["--interface", "lan"]
                ).ended()
                Self.expect(second, words: ["another agent (process ", "in this network namespace"])
                // Nor may one in another namespace write to the same database.
                let state = "\(site.folder.path)/sluice.db"
                let beside = [
                    "--interface", "eth0", "--state", state, "--socket",
                    "\(site.folder.path)/beside.sock",
                ]
                let third = try await site.start([sluicePath, "run"] + beside, in: site.inside).ended()
                Self.expect(third, words: ["another agent (process ", "keeps its state in \(state)"])
                #expect(try await !site.ping(.ipv4))
                #expect(try await first.client.bans().count == 1)
                #expect(try await first.stop().status == 0)
            }
        }

        @Test(
            "An agent whose socket another one has is refused, and what a killed agent left goes on blocking")
        func socketInUse() async throws {
            try await withSite { site in
                let killed = try await RunningAgent(site)
                #expect(try await killed.sluice("ban \(Site.client(.ipv4))").status == 0)
                killed.program.remove()
                let state = ["--state", "\(site.folder.path)/other.db"]
                let elsewhere = try site.start(
                    [sluicePath, "run", "--interface", "eth0", "--socket", killed.socket] + state,
                    in: site.inside)
                #expect(await eventually { (try? await killed.client.status()) != nil })

                let next = try await RunningAgent.program(
                    site, configuration: RunningAgent.configuration(site)
                ).ended()
                Self.expect(
                    next, status: 5, words: ["another agent answers at \(killed.socket)", "`socket`"])
                #expect(try await !site.ping(.ipv4), "a start that failed took a ban away")
                #expect(elsewhere.isRunning)
                elsewhere.signal(SIGTERM)
                #expect(try await elsewhere.ended().status == 0)
            }
        }

        @Test("Without privileges it says that it needs them", arguments: [true, false])
        func privileges(isRoot: Bool) async throws {
            try await withSite(hasServer: false) { site in
                // Where the checkout lies may be closed to others.
                let copy = "/tmp/\(site.name)-sluice"
                try FileManager.default.copyItem(atPath: sluicePath, toPath: copy)
                defer { try? FileManager.default.removeItem(atPath: copy) }
                let who =
                    isRoot
                    ? ["--bounding-set", "-bpf,-sys_admin,-net_admin,-perfmon"]
                    : ["--reuid", "65534", "--regid", "65534", "--clear-groups"]
                let end = try await site.run(
                    ["setpriv"] + who + [
                        copy, "run", "--interface", "wan", "--state", "\(site.folder.path)/sluice.db",
                        "--socket",
                        "\(site.folder.path)/s.sock",
                    ], in: site.gateway)
                Self.expect(end, words: ["root"])
                #expect(try await site.leftovers().isEmpty)
            }
        }

        @Test("A stored model that cannot be read is a warning, and the agent goes on")
        func corruptModel() async throws {
            try await withSite(hasServer: false) { site in
                let store = try Store(path: "\(site.folder.path)/sluice.db")
                try store.save(
                    SavedModel(
                        id: "broken", trained: .init(seconds: 1), role: .champion, since: .init(seconds: 1),
                        metadata: "{}", data: [1, 2, 3]))
                let agent = try await RunningAgent(site)
                let status = try await agent.client.status()
                #expect(status.model.isBuiltIn)
                #expect(status.warnings.contains { $0.contains("the learned model broken cannot be used") })
                #expect(agent.program.text.contains("WARNING"))
                #expect(try await agent.stop().status == 0)
            }
        }

        @Test(
            "When the disk is full it warns and goes on blocking, and writes down what happened when there is room"
        )
        func fullDisk() async throws {
            try await withSite { site in
                let disk = site.folder.appending(path: "disk")
                try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
                try command("mount -t tmpfs -o size=2m tmpfs \(disk.path)")
                defer { try? command("umount -l \(disk.path)") }
                let agent = try await RunningAgent(site, ["--state", "\(disk.path)/sluice.db"])
                let filler = disk.appending(path: "filler")
                try Data().write(to: filler)
                let handle = try FileHandle(forWritingTo: filler)
                while (try? handle.write(contentsOf: Data(repeating: 1, count: 4096))) != nil {}
                try handle.close()

                let ban = try await agent.sluice("ban \(Site.client(.ipv4)) --duration 1h")
                #expect(ban.status == 0, "\(ban.error)")
                #expect(try await !site.ping(.ipv4))
                #expect(
                    try await agent.client.status().warnings.contains {
                        $0.contains("no room left on the disk")
                    })
                try FileManager.default.removeItem(at: filler)
                #expect(try await agent.sluice("ban \(Site.client(.ipv6)) --duration 1h").status == 0)
                #expect(try await agent.client.status().warnings.isEmpty)
                agent.program.remove()
                let next = try await RunningAgent(site, ["--state", "\(disk.path)/sluice.db"])
                #expect(try await next.client.bans().count == 2)
                #expect(try await next.stop().status == 0)
            }
        }
    }
}
