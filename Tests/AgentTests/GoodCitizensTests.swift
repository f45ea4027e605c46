import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    /// The agent enforces, and has learned nothing: nobody of these may be banned, whatever else goes on.
    @Suite("Who must not be blocked")
    struct GoodCitizensTests {
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
                #expect(try await agent.rules(on: Site.client(.ipv4)) == [])
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

        @Test(
            "A backup: two hundred megabytes in a thousand files by rsync over SSH, and back",
            arguments: Site.Family.allCases)
        func backup(family: Site.Family) async throws {
            try await withSite { site in
                let server = try await SSHServer(site, in: site.inside)
                let files = site.folder.appending(path: "files")
                try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
                let made = try await site.run([
                    "sh", "-c", "head -c 200M /dev/urandom | split -a 4 -b 200K - \(files.path)/part-",
                ])
                #expect(made.status == 0, "\(made.error)")
                let agent = try await RunningAgent(site)
                let host = family == .ipv4 ? "\(Site.server(family))" : "[\(Site.server(family))]"
                let (there, back) = (
                    "root@\(host):\(site.folder.path)/backup/", "\(site.folder.path)/restored/"
                )
                for (from, to) in [("\(files.path)/", there), (there, back)] {
                    let copy = try site.start(
                        [
                            "rsync", "-a", "--timeout", "10", "-e", server.client.joined(separator: " "),
                            from, to,
                        ],
                        in: site.outside)
                    let outcome = try await copy.ended(within: .seconds(60))
                    #expect(outcome.status == 0, "\(outcome.error)\(agent.program.text)")
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: back).count == 1024)
                try await agent.expectOnly(Site.attacker(family))
                try await agent.stop()
            }
        }
    }
}

extension RunningAgent {
    /// What is in force against an address.
    func rules(on address: Address) async throws -> [String] {
        try await client.bans().filter { $0.prefix.contains(address) }.map(\.sentence)
    }

    /// Lets an attacker scan, and holds that he is blocked, and nobody else has been.
    func expectOnly(_ attacker: Address) async throws {
        #expect(try await client.bans().map(\.sentence) == [], "blocked, and did nothing wrong")
        let server = attacker.isIPv4 ? Site.server(.ipv4) : Site.server(.ipv6)
        // By one page at least it knows that it sees answers.
        #expect(try await site.fetch(attacker.isIPv4 ? .ipv4 : .ipv6))
        let attack = try site.attack(Frame.scan(from: attacker, to: server), packetsPerSecond: 300)
        #expect(
            try await eventually { try await !rules(on: attacker).isEmpty },
            "the agent does not see what it should: \(program.text)")
        await attack.stop()
        let others = try await client.bans().filter { !$0.prefix.contains(attacker) }
        #expect(others.map(\.sentence) == [], "blocked, and did nothing wrong")
    }
}

extension BanReport {
    fileprivate var sentence: String {
        "\(prefix) \(action) \(target?.spoken ?? "everything"): \(summary)"
    }
}
