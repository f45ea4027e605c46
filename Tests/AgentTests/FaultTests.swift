import API
import Control
import Foundation
import Glibc
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("Faults around the agent")
    struct FaultTests {
        @Test("Standard output that nobody reads stops nothing; what is lost is counted; SIGTERM ends it")
        func unreadOutput() async throws {
            try await withSite { site in
                let pipe = site.folder.appending(path: "pipe").path
                #expect(unsafe mkfifo(pipe, 0o600) == 0)
                let reader = unsafe open(pipe, O_RDWR | O_CLOEXEC)
                defer { close(reader) }
                let agent = try await RunningAgent(site, shell: "exec $run >\(pipe)")
                // Each list is some megabytes of lines.
                let list = site.folder.appending(path: "list")
                for number in 0..<3 {
                    let text = (0..<30_000).map { "10.\(number).\($0 / 250).\($0 % 250)\n" }.joined()
                    try text.write(to: list, atomically: true, encoding: .utf8)
                    let ban = try await agent.sluice(
                        "ban --from-file \(list.path) --reason \(String(repeating: "x", count: 60))")
                    #expect(ban.status == 0, "\(ban)")
                }
                let status = try await agent.client.status()
                #expect(status.heartbeatAge < 5)
                let outcome = try await agent.stop()
                #expect(outcome.status == 0, "\(outcome)")
            }
        }

        @Test("Lines that found no place are told when somebody reads again")
        func countsLost() async throws {
            try await withSite { site in
                let pipe = site.folder.appending(path: "pipe").path
                #expect(unsafe mkfifo(pipe, 0o600) == 0)
                let reader = unsafe open(pipe, O_RDWR | O_CLOEXEC | O_NONBLOCK)
                defer { close(reader) }
                let agent = try await RunningAgent(site, shell: "exec $run >\(pipe)")
                let list = site.folder.appending(path: "list")
                let text = (0..<60_000).map { "10.1.\($0 / 250).\($0 % 250)\n" }.joined()
                try text.write(to: list, atomically: true, encoding: .utf8)
                let words = "--from-file \(list.path)"
                #expect(
                    try await agent.sluice("ban \(words) --reason \(String(repeating: "x", count: 60))")
                        .status == 0)
                #expect(try await agent.sluice("unban \(words)").status == 0)
                var told = ""
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                // What is told after all that was waiting has been read.
                let isTold = try await eventually(within: .seconds(30)) {
                    while true {
                        let count = unsafe read(reader, &buffer, buffer.count)
                        if count <= 0 { break }
                        told += String(decoding: buffer.prefix(count), as: UTF8.self)
                    }
                    _ = try await agent.sluice("ban 203.0.113.7 --duration 1h")
                    _ = try await agent.sluice("unban 203.0.113.7 --missing-ok")
                    return told.contains(" not printed, for standard output was not read")
                }
                #expect(isTold, "\(told.suffix(300))")
            }
        }

        @Test("Pins that somebody removes are made again, so that a kill leaves the rules in force")
        func lostPins() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let inode = try await site.run(["stat", "-Lc", "%i", "/run/netns/\(site.gateway)"]).output
                let folder = "/sys/fs/bpf/sluice/net-\(inode.trimmingCharacters(in: .whitespacesAndNewlines))"
                let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                try #require(before.contains("map_control") && before.contains { $0.hasPrefix("link_") })
                for pin in before { try FileManager.default.removeItem(atPath: "\(folder)/\(pin)") }
                try FileManager.default.removeItem(atPath: folder)
                // But for the note that the egress hook is ours, which says nothing of what is in force.
                let wanted = before.filter { $0 != "program_egress_hook" }
                let areBack = await eventually {
                    (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) == wanted
                }
                #expect(areBack, "\(agent.program.text)")
                let isTold = await eventually { agent.program.text.contains("they are made again") }
                #expect(isTold, "\(agent.program.text)")
                #expect(try await agent.sluice("ban 198.51.100.2").status == 0)
                agent.program.signal(SIGKILL)
                _ = try await agent.program.ended()
                #expect(try await site.fetch(.ipv4) == false, "a kill has left nothing")
                let detached = try await site.run(
                    ["nsenter", "--net=/run/netns/\(site.gateway)", sluicePath, "detach"])
                #expect(detached.status == 0, "\(detached)")
            }
        }

        @Test("From another PID namespace, whose /proc and /run know no agent, its pins are not taken")
        func hiddenAgent() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let script = """
                    mount -t tmpfs none /run && mount -t proc none /proc && \
                    exec \(sluicePath) detach
                    """
                func detach(_ more: String, net: Bool) async throws -> Outcome {
                    let enter = net ? ["nsenter", "--net=/run/netns/\(site.gateway)"] : []
                    return try await site.run(
                        enter + ["unshare", "--mount", "--pid", "--fork", "sh", "-c", script + more])
                }
                // Only its own namespace: everything else on this machine is not this test's.
                let inside = try await detach("", net: true)
                #expect(inside.status == 5 && inside.error.contains("a sign of life"), "\(inside)")
                #expect(try await agent.client.status().interfaces.map(\.attach) != ["none"])
                #expect(try await agent.sluice("ban 198.51.100.2").status == 0)
                #expect(try await site.fetch(.ipv4) == false)
            }
        }

        @Test("With standard input, output and error closed, nothing else takes their numbers")
        func closedStreams() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, shell: "exec $run <&- >&- 2>&-")
                for number in 0...2 {
                    let target = try FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/\(agent.program.pid)/fd/\(number)")
                    #expect(target == "/dev/null", "\(number)")
                }
            }
        }
    }
}
