import API
import Control
import Foundation
import Glibc
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("What befalls a machine")
    struct StateTests {
        /// The n-th address to ban by hand, of either family.
        private static func stranger(_ number: Int) -> Prefix {
            Prefix(
                number % 2 == 0
                    ? Address(ipv4: 0xCB00_7100 + UInt32(number / 2))
                    : Address(ipv6High: 0x2001_0DB8_7777_0000, low: UInt64(number)))
        }

        @Test(
            "On a full disk the agent enforces and says so; with room again, all that was promised is written"
        )
        func fullDisk() async throws {
            try await withSite { site in
                let disk = site.folder.appending(path: "disk").path
                try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
                try command("mount -t tmpfs -o size=16m none \(disk)")
                defer { try? command("umount -l \(disk)") }
                let state = "\(disk)/sluice.db"
                let first = try await RunningAgent(site, state: state)
                let filler = try await site.run(["dd", "if=/dev/zero", "of=\(disk)/filler", "bs=4k"])
                #expect(filler.status != 0 && filler.error.contains("No space left"))

                func isFull() async throws -> Bool {
                    try await first.client.status().warnings.contains {
                        $0.contains("no room left on the disk")
                    }
                }
                // The log has some room that it reuses.
                var promised: Set<Prefix> = []
                while try await !isFull(), promised.count < 250 {
                    promised.insert(try await first.ban(Self.stranger(promised.count)))
                }
                try #require(try await isFull(), "it does not say that the disk is full")
                #expect(first.program.text.contains("no room left on the disk"))
                #expect(try await site.fetch(.ipv4))
                let attack = try site.attack(
                    Frame.scan(from: Site.attacker(.ipv4), to: Site.server(.ipv4)), packetsPerSecond: 300)
                #expect(
                    try await eventually { try await !first.rules(on: Site.attacker(.ipv4)).isEmpty },
                    "it no longer blocks")
                await attack.stop()
                promised.insert(Prefix(Site.attacker(.ipv4)))
                promised.insert(try await first.ban(Prefix(Site.client(.ipv4))))
                #expect(try await !site.ping(.ipv4))

                try FileManager.default.removeItem(atPath: "\(disk)/filler")
                // What happens next is written together with what waits.
                promised.insert(try await first.ban(Self.stranger(999)))
                #expect(try await eventually { try await !isFull() })
                first.program.remove()
                let second = try await RunningAgent(site, state: state)
                #expect(try await promised.subtracting(second.client.bans().map(\.prefix)) == [])
                #expect(try await !site.ping(.ipv4))
                #expect(try await second.sluice("audit verify").status == 0)
                try await second.stop()
            }
        }

        @Test(
            "Killed at any moment, however often: the database opens, nothing promised is lost, the audit trail is whole"
        )
        func killedInWrites() async throws {
            try await withSite { site in
                var promised: Set<Prefix> = []
                /// Seconds after which each was killed.
                var moments: [Double] = []
                for round in 0..<6 {
                    let agent = try await RunningAgent(site)
                    let bans = Set(try await agent.client.bans().map(\.prefix))
                    #expect(promised.subtracting(bans) == [], "lost, killed after \(moments)")
                    if round > 0 { #expect(try await !site.ping(.ipv4), "a gap, killed after \(moments)") }
                    promised.insert(try await agent.ban(Prefix(Site.client(.ipv4))))
                    let moment = Double.random(in: 0...0.4)
                    moments.append(moment)
                    let killer = try site.start(["sh", "-c", "sleep \(moment); kill -9 \(agent.program.pid)"])
                    for number in 0..<1000 {
                        guard let ban = try? await agent.ban(Self.stranger(round * 1000 + number)) else {
                            break
                        }
                        promised.insert(ban)
                    }
                    _ = try await killer.ended()
                    #expect(try await agent.program.ended().status == SIGKILL)
                }
                let agent = try await RunningAgent(site)
                let lost = try await promised.subtracting(agent.client.bans().map(\.prefix))
                #expect(lost == [], "killed after \(moments)")
                let audit = try await agent.sluice("audit verify")
                #expect(audit.status == 0, "\(audit.error), killed after \(moments)")
                let isWell = try await eventually { try await agent.client.status().warnings.isEmpty }
                #expect(isWell, "killed after \(moments)")
                try await agent.stop()
                #expect(try await site.leftovers().isEmpty)
            }
        }

        @Test(
            "A lost database: the agent starts, the kernel keeps no rule that nobody knows of, and the allow-list of the file holds"
        )
        func lostDatabase() async throws {
            try await withSite { site in
                let more = "allow: [192.0.2.0/24]\n"
                let first = try await RunningAgent(site, with: more)
                _ = try await first.ban(Prefix(Site.client(.ipv4)))
                _ = try await first.ban(Prefix(Site.client(.ipv6)))
                first.program.remove()
                for family in Site.Family.allCases { #expect(try await !site.ping(family)) }
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: site.folder.path + "/sluice.db" + suffix)
                }
                let second = try await RunningAgent(site, with: more)
                #expect(try await second.client.bans().isEmpty)
                for family in Site.Family.allCases { #expect(try await site.ping(family)) }
                #expect(try await second.client.allowed().contains { "\($0.prefix)" == "192.0.2.0/24" })
                try await second.expectOnly(Site.attacker(.ipv6))
                try await second.stop()
            }
        }

        @Test(
            "The clock is set an hour forward, and two back: bans keep the time they have left, no more and no less"
        )
        func setClock() async throws {
            try await withSite { site in
                let clock = try await SettableClock(site)
                // Somebody has connected to the login service, and does not log in.
                let guest = Site.attacker(.ipv4)
                let address = ["ip", "-n", site.outside, "address", "add", "\(guest)/32", "dev", "eth0"]
                #expect(try await site.run(address).status == 0)
                _ = try site.start(["python3", "-m", "http.server", "22"], in: site.gateway)
                let visit = """
                    import socket, time
                    there = ("\(Site.gateway(.ipv4))", 22)
                    while True:
                        try: visit = socket.create_connection(there, source_address=("\(guest)", 0)); break
                        except ConnectionRefusedError: time.sleep(0.1)
                    print("connected", flush=True)
                    time.sleep(600)
                    """
                let visitor = try site.start(["python3", "-c", visit], in: site.outside)
                #expect(await eventually { visitor.text.contains("connected") }, "\(visitor.text)")
                let first = try await RunningAgent(site, environment: clock.environment)
                let (short, long) = (Site.client(.ipv4), Site.client(.ipv6))
                #expect(try await first.sluice("ban \(short) --duration 20s").status == 0)
                #expect(try await first.sluice("ban \(long) --duration 10m").status == 0)
                for (offset, words) in [(3600, "set forward by 3600.0 s"), (-3600, "set back by 7200.0 s")] {
                    try clock.set(offset)
                    #expect(await eventually { first.program.text.contains(words) }, "\(first.program.text)")
                    #expect(try await !site.ping(.ipv6), "a gap")
                    #expect(try await first.rules(on: long).count == 1)
                    #expect((0..<300).contains(try await first.client.status().uptime))
                    let protected = try await first.client.protected().map(\.prefix)
                    #expect(!protected.contains(Prefix(guest)), "a connection became a login")
                }
                let isOver = try await eventually(within: .seconds(40)) {
                    try await first.rules(on: short).isEmpty
                }
                #expect(isOver, "a ban outlives its time")
                #expect(try await site.ping(.ipv4))
                // The store knows the new ends, too.
                first.program.remove()
                let second = try await RunningAgent(site, environment: clock.environment)
                let ban = try #require(try await second.client.bans().first)
                let now = Timestamp(seconds: Date().timeIntervalSince1970 - 3600)
                let left = try #require(ban.expires) - now
                #expect(ban.prefix == Prefix(long) && left > .seconds(300) && left <= .seconds(600))
                try await second.stop()
                // While no agent runs, too.
                try clock.set(86_400)
                let third = try await RunningAgent(site, environment: clock.environment)
                #expect(third.program.text.contains("set forward by 90000.0 s"), "\(third.program.text)")
                let tomorrow = Timestamp(seconds: Date().timeIntervalSince1970 + 86_400)
                let rest = try #require(try await third.client.bans().first?.expires) - tomorrow
                #expect(rest > .seconds(300) && rest < left)
                #expect(try await third.sluice("audit verify").status == 0)
                // And so late that the agent notices it when it stops, or the next one when it starts.
                try clock.set(172_800)
                try await third.stop()
                let fourth = try await RunningAgent(site, environment: clock.environment)
                let then = Timestamp(seconds: Date().timeIntervalSince1970 + 172_800)
                let end = try #require(try await fourth.client.bans().first?.expires)
                #expect(end - then > .seconds(240) && end - then < rest)
                try await fourth.stop()
            }
        }
    }
}

extension RunningAgent {
    /// Bans for ever; what the agent answers is promised.
    fileprivate func ban(_ prefix: Prefix) async throws -> Prefix {
        _ = try await client.ban(AddRequest(prefixes: [prefix]))
        return prefix
    }
}

/// A wall clock that a test sets, for one program.
private struct SettableClock {
    private let file: URL
    let environment: [String]

    /// What the loader puts before the C library's function.
    private static let source = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <time.h>
        #include <unistd.h>

        int clock_gettime(clockid_t clock, struct timespec *time)
        {
            long result = syscall(SYS_clock_gettime, clock, time);
            char text[32] = {0};
            int file;

            if (result == 0 && clock == CLOCK_REALTIME) {
                file = open(getenv("CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);
                if (file >= 0) {
                    if (read(file, text, sizeof(text) - 1) > 0)
                        time->tv_sec += atol(text);
                    close(file);
                }
            }
            return (int)result;
        }
        """

    init(_ site: Site) async throws {
        file = site.folder.appending(path: "clock")
        let (source, library) = (
            site.folder.appending(path: "clock.c"), site.folder.appending(path: "clock.so")
        )
        try Self.source.write(to: source, atomically: true, encoding: .utf8)
        let built = try await site.run(["clang", "-shared", "-fPIC", "-o", library.path, source.path])
        try #require(built.status == 0, "\(built.error)")
        environment = ["LD_PRELOAD=\(library.path)", "CLOCK_OFFSET=\(file.path)"]
        try set(0)
    }

    /// Sets it, by seconds from the true time.
    func set(_ offset: Int) throws {
        try "\(offset)".write(to: file, atomically: true, encoding: .utf8)
    }
}
