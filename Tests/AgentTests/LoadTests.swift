import API
import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("Under load")
    struct LoadTests {
        /// What the kernel says went in and out at the gateway's interface, in frames.
        private static func carried(_ site: Site) async throws -> UInt64 {
            let text = try await site.run([
                "ip", "-n", site.gateway, "-json", "-stats", "link", "show", "dev", "wan",
            ]).output
            let links = try JSONDecoder().decode([Link].self, from: Data(text.utf8))
            let statistics = try #require(links.first?.stats64)
            return statistics.rx.packets + statistics.tx.packets
        }

        private struct Link: Decodable {
            struct Direction: Decodable { var packets: UInt64 }
            struct Statistics: Decodable { var rx, tx: Direction }
            var stats64: Statistics
        }

        /// Frames on the wire, and frames that the agent counted, when neither rises any more.
        private static func settled(_ agent: RunningAgent) async throws -> (carried: UInt64, counted: UInt64)
        {
            var last = (carried: UInt64(0), counted: UInt64(0))
            _ = try await eventually {
                try await Task.sleep(for: .seconds(1))
                let next = (try await carried(agent.site), try await agent.client.status().traffic.frames)
                defer { last = next }
                return last == next
            }
            return last
        }

        @Test(
            "Every frame is counted once, however fast they come, in no more than 120 MB",
            arguments: ["enforce", "shadow"], [16384, 1024])
        func accounts(mode: String, slots: Int) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(
                    site, ["--mode", mode], with: "flow_table: {slots_per_cpu: \(slots)}\n")
                let before = try await Self.settled(agent)
                // Sources and flows beyond what the table holds, in both families, and one that gets banned.
                let frames = (0..<40_000 as Range<UInt32>).map { number in
                    let source =
                        number % 2 == 0
                        ? Address(ipv4: 0xCB00_7100 + number / 2 % 200)
                        : Address(ipv6High: 0x2001_0DB8_00AA_0000 + UInt64(number / 2 % 200), low: 1)
                    return Frame(from: source, to: Site.server(source.isIPv4 ? .ipv4 : .ipv6)).with {
                        ($0.sourcePort, $0.payload) = (UInt16(1024 + number / 400), Int(number % 700))
                    }.wire
                }
                let attack = try site.attack(frames, packetsPerSecond: 40_000)
                _ = await eventually { attack.sent >= 150_000 }
                await attack.stop()
                let after = try await Self.settled(agent)
                #expect(attack.sent >= 150_000)
                #expect(after.counted - before.counted == after.carried - before.carried)
                #expect(after.counted - before.counted >= UInt64(attack.sent))
                let status = try await agent.client.status()
                #expect(status.memory < 120_000_000, "\(status.memory / 1_000_000) MB")
                // The gate of IPv4 sources alone takes 16 MiB.
                #expect(status.kernelMemory > 16 << 20)
                if slots == 1024 { try await Self.tellsCoverage(agent, status.traffic) }
                try await agent.stop()
            }
        }

        /// The share of packets in entries, of the generation that had the lowest, where flows outnumbered slots.
        private static func tellsCoverage(_ agent: RunningAgent, _ traffic: StatusReport.Traffic) async throws
        {
            #expect(traffic.aside.packets > 0)
            #expect(traffic.coverage == 1, "the latest generation is not that of the flood")
            #expect(traffic.lowestCoverage < 0.9)
            func number(after label: String, in text: String) -> Double? {
                text.range(of: label).flatMap {
                    Double(text[$0.upperBound...].prefix { "0123456789.".contains($0) })
                }
            }
            let shown = try await agent.sluice("status").output
            let percent = try #require(number(after: ", at least ", in: shown), "\(shown)")
            #expect(abs(percent / 100 - traffic.lowestCoverage) < 0.001)
            let metrics = try await agent.site.run([
                "curl", "-s", "--unix-socket", agent.socket, "http://localhost/v1/metrics",
            ]).output
            #expect(number(after: "\nsluice_coverage_lowest_ratio ", in: metrics) == traffic.lowestCoverage)
        }

        @Test("A reader of its output that goes away does not end it")
        func closedOutput() async throws {
            try await withSite { site in
                let file = site.folder.appending(path: "sluice.yaml").path
                let socket = site.folder.appending(path: "s.sock").path
                try RunningAgent.configuration(site).write(toFile: file, atomically: true, encoding: .utf8)
                // The shell becomes the agent, which writes to a pipe that is closed after one line.
                let script = "exec '\(sluicePath)' run --config '\(file)' > >(head -n 1)"
                let program = try site.start(["bash", "-c", script], in: site.gateway)
                let client = ControlClient(socket: socket)
                #expect(await eventually { (try? await client.status()) != nil })
                for host in 1...3 as ClosedRange<UInt32> {
                    _ = try await client.ban(
                        AddRequest(prefixes: [Prefix(Address(ipv4: 0xCB00_7100 + host))]))
                }
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await client.bans().count == 3)
                program.signal(SIGTERM)
                #expect(try await program.ended().status == 0)
                #expect(try await site.leftovers().isEmpty)
            }
        }
    }
}
