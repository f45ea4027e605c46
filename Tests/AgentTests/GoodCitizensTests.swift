import API
import Control
import Foundation
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    /// The agent enforces from its first second, with the default configuration: nobody of these may be banned.
    ///
    /// It knows nothing of the site, or has learned that small pages are all that ever happens there. In each of the tests somebody
    /// is found and blocked too, so that an agent that sleeps does not pass.
    @Suite("Who must not be blocked")
    struct GoodCitizensTests {
        typealias Knowledge = RunningAgent.Knowledge

        @Test(
            "Behind one address are a hundred clients and one scanner: the clients go on",
            arguments: Knowledge.allCases)
        func translation(knowledge: Knowledge) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, knowing: knowledge)
                let clients = try site.crowd(100)
                #expect(
                    try await eventually { try await agent.client.top(TopQuery()).count >= 1 })
                try await Task.sleep(for: .seconds(3))
                let attack = try site.attack(
                    Frame.scan(from: Site.client(.ipv4), to: Site.server(.ipv4)), packetsPerSecond: 300)
                let isSeen = try await eventually {
                    try await agent.client.alerts(since: nil, limit: 9)
                        .contains { $0.prefix.contains(Site.client(.ipv4)) }
                }
                #expect(isSeen, "the scan was not even seen: \(agent.program.text)")
                try await Task.sleep(for: .seconds(3))
                // The scan goes on to nothing, and nobody loses what answers.
                let rules = try await agent.client.bans().filter { $0.prefix.contains(Site.client(.ipv4)) }
                #expect(rules.map(\.packetsPerSecond) == [0])
                #expect(try await site.fetch(.ipv4), "the clients are cut off")
                await attack.stop()
                clients.signal(SIGTERM)
                try await agent.expectOnly(Site.attacker(.ipv4), besides: Site.client(.ipv4))
                try await agent.stop()
            }
        }

        @Test(
            "A flash crowd: a hundred and fifty strangers come within seconds, and each gets what he asks for",
            arguments: Knowledge.allCases)
        func flashCrowd(knowledge: Knowledge) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, knowing: knowledge)
                let strangers = (0..<150).map { Address(ipv4: 0xC633_6400 + 100 + UInt32($0)) }
                let crowd = try site.crowd(strangers)
                let outcome = try await crowd.ended(within: .seconds(80))
                #expect(outcome.status == 0, "\(outcome.error)")
                #expect(outcome.output.count { $0 == "\n" } == 3 * strangers.count, "somebody got nothing")
                try await agent.expectOnly(Site.attacker(.ipv4))
                try await agent.stop()
            }
        }

        @Test(
            "A speed test: as much as the wire takes, there and back, by TCP and by UDP",
            arguments: Knowledge.inTurn)
        func speedTest(family: Site.Family, knowledge: Knowledge) async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, knowing: knowledge)
                let server = try site.start(["iperf3", "--server"], in: site.inside)
                let listens = try await eventually {
                    try await site.run(["ss", "-ltnH", "sport", "=", "5201"], in: site.inside).output != ""
                }
                #expect(listens, "\(server.text)")
                for words in ["--parallel 4", "--parallel 4 --reverse", "--udp --bitrate 100M --reverse"] {
                    let test = try await site.run(
                        ["iperf3", "--client", "\(Site.server(family))", "--time", "4"]
                            + words.split(separator: " ").map(String.init), in: site.outside)
                    #expect(test.status == 0, "\(words): \(test.error)\(test.output)")
                }
                server.signal(SIGTERM)
                try await agent.expectOnly(Site.attacker(family))
                try await agent.stop()
            }
        }

        @Test(
            "A backup: two hundred megabytes in a thousand files by rsync over SSH, and back",
            arguments: Knowledge.inTurn)
        func backup(family: Site.Family, knowledge: Knowledge) async throws {
            try await withSite { site in
                let server = try await SSHServer(site, in: site.inside)
                let files = site.folder.appending(path: "files")
                try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
                let made = try await site.run([
                    "sh", "-c", "head -c 200M /dev/urandom | split -a 4 -b 200K - \(files.path)/part-",
                ])
                #expect(made.status == 0, "\(made.error)")
                let agent = try await RunningAgent(site, knowing: knowledge)
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

        @Test(
            "A monitor: a dozen services of six hosts every two seconds, two hosts are down, and every port at leisure",
            arguments: Knowledge.inTurn)
        func monitor(family: Site.Family, knowledge: Knowledge) async throws {
            try await withSite { site in
                let ports = [22, 25, 53, 80, 110, 143, 389, 443, 993, 3306, 5432, 8081]
                try site.serve(ports: ports)
                let agent = try await RunningAgent(site, knowing: knowledge)
                let up = Site.hosts(family)
                let down = ["8", "9"].map { family == .ipv4 ? "10.20.0.\($0)" : "2001:db8:20::\($0)" }
                let list = ports.map(String.init).joined(separator: " ")
                let checks =
                    up.map { "nc -z -w 1 \($0) \(list)" } + down.map { "nc -z -w 1 \($0) 22" }
                    + ["fping -q -c 1 \((up + down).joined(separator: " "))"]
                let round = "{ \(checks.joined(separator: "; ")); } >/dev/null 2>&1"
                let rounds = "n=0; while [ $n -lt 6 ]; do n=$((n+1)); sleep 2; \(round); echo $n; done"
                let regular = try site.start(["sh", "-c", rounds], in: site.outside)
                let leisurely = try site.start(
                    ["timeout", "60", "nmap", "-n", "-Pn", "-sT", "-p-", "--scan-delay", "2s", up[0]]
                        + (family == .ipv6 ? ["-6"] : []), in: site.outside)
                let outcome = try await regular.ended(within: .seconds(90))
                #expect(outcome.output.split(separator: "\n").count == 6, "\(outcome.error)")
                #expect(leisurely.isRunning, "\(leisurely.text)")
                leisurely.signal(SIGTERM)
                #expect(try await agent.rules(on: Site.client(family)) == [])
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

    /// Lets an attacker scan, and holds that he is blocked, and nobody else has been, `besides` another who scanned.
    func expectOnly(_ attacker: Address, besides other: Address? = nil) async throws {
        func others() async throws -> [String] {
            try await client.bans().filter { ban in
                !ban.prefix.contains(attacker) && !(other.map(ban.prefix.contains) ?? false)
            }.map(\.sentence)
        }
        #expect(try await others() == [], "blocked, and did nothing wrong")
        let server = attacker.isIPv4 ? Site.server(.ipv4) : Site.server(.ipv6)
        // By one page at least it knows that it sees answers.
        #expect(try await site.fetch(attacker.isIPv4 ? .ipv4 : .ipv6))
        let attack = try site.attack(Frame.scan(from: attacker, to: server), packetsPerSecond: 300)
        #expect(
            try await eventually { try await !rules(on: attacker).isEmpty },
            "the agent does not see what it should: \(program.text)")
        await attack.stop()
        #expect(try await others() == [], "blocked, and did nothing wrong")
    }
}

extension BanReport {
    fileprivate var sentence: String {
        "\(prefix) \(action) \(target?.spoken ?? "everything"): \(summary)"
    }
}
