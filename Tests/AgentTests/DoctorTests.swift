import BPF
import Foundation
import TestSupport
import Testing

extension EndToEnd {
    @Suite("The doctor, and taking everything off")
    struct DoctorTests {
        @Test("It names another program, a large MTU and a missing BPF file system, and attaches nothing")
        func troubles() async throws {
            try await withSite { site in
                let load = try await site.run(
                    ["xdp-filter", "load", "--mode", "skb", "wan"], in: site.gateway)
                try #require(load.status == 0, "\(load.error)")
                try command("ip -n \(site.gateway) link set lan mtu 9000")
                let file = "\(site.folder.path)/doctor.yaml"
                try "interfaces: [wan, lan]\nbpffs: \(site.folder.path)/nowhere\n".write(
                    toFile: file, atomically: true, encoding: .utf8)
                let sick = try await site.run([sluicePath, "doctor", "--config", file], in: site.gateway)
                #expect(sick.status == 1)
                for words in [
                    "failure  other program wan", "xdp", "warning  MTU lan", "warning  bpffs", "mount -t bpf",
                    "ok       program",
                ] {
                    #expect(sick.output.contains(words), "\(words) in: \(sick.output)")
                }
                let unload = try await site.run(["xdp-filter", "unload", "wan"], in: site.gateway)
                #expect(unload.status == 0)
                let well = try await site.run(
                    [sluicePath, "doctor", "--interface", "wan", "--format", "json"], in: site.gateway)
                #expect(well.status == 0, "\(well.output)")
                let found = try JSONSerialization.jsonObject(with: Data(well.output.utf8)) as? [[String: Any]]
                #expect(
                    (found ?? []).contains {
                        $0["check"] as? String == "driver" && $0["finding"] as? String == "veth"
                    })
                #expect(try await site.leftovers().isEmpty)
            }
        }

        @Test("It examines a running agent, and misses one that died")
        func agents() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                for family in Site.Family.allCases {
                    #expect(try await agent.sluice("ban \(Site.client(family))").status == 0)
                }
                let file = site.folder.appending(path: "sluice.yaml").path
                let words = [sluicePath, "doctor", "--config", file, "--socket", agent.socket]
                let running = try await site.run(words, in: site.gateway)
                #expect(running.status == 0, "\(running.output)")
                for words in ["guarded (native)", "is well", "as in the store", "libxdp's dispatcher"] {
                    #expect(running.output.contains(words), "\(words) in: \(running.output)")
                }
                // An agent that hangs mends nothing.
                agent.program.signal(SIGSTOP)
                let table = try BPFMap(name: "source_rules", pinnedAt: "\(site.pins)/map_source_rules")
                    .mapMemory()
                unsafe memset(table.base, 0, table.count)
                withExtendedLifetime(table) {}
                agent.program.remove()
                let killed = try await site.run(words, in: site.gateway)
                for words in [
                    "no agent runs", "sluice detach --all", "2 of the store are not in the kernel",
                    "systemctl start sluice",
                ] {
                    #expect(killed.output.contains(words), "\(words) in: \(killed.output)")
                }
            }
        }

        @Test("On a wire in generic mode it names what veth does, and how to mend it")
        func generic() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, ["--attach", "generic"])
                let found = try await site.run(
                    [sluicePath, "doctor", "--socket", agent.socket], in: site.gateway)
                #expect(found.output.contains("warning  quirks wan"), "\(found.output)")
                #expect(found.output.contains("tso off gso off"))
                #expect(try await agent.stop().status == 0)
            }
        }

        @Test(
            "Detaching is refused while an agent runs, cleans up after one that was killed, and twice is no error"
        )
        func detach() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site)
                #expect(try await agent.sluice("ban \(Site.client(.ipv4))").status == 0)
                let detach = [sluicePath, "detach"]
                let refused = try await site.run(detach, in: site.gateway)
                #expect(refused.status == 5, "\(refused.error)")
                #expect(refused.error.contains("an agent runs"))
                #expect(try await !site.ping(.ipv4))
                agent.program.remove()
                let done = try await site.run(detach, in: site.gateway)
                #expect(done.status == 0, "\(done.error)")
                for words in [
                    "the program on wan", "the egress filter and its hook on wan", "pins in", "the lock",
                ] {
                    #expect(done.output.contains(words), "\(words) in: \(done.output)")
                }
                #expect(try await site.leftovers().isEmpty)
                #expect(try await site.ping(.ipv4))
                let again = try await site.run(detach, in: site.gateway)
                #expect(again.status == 0)
                #expect(again.output == "nothing to remove\n")
            }
        }

        @Test(
            "With --all it finds other network namespaces, and pins of those that are gone, whatever became of the interface"
        )
        func everywhere() async throws {
            try await withSite { site in
                let bpffs = "\(site.folder.path)/bpf"
                // Locks and pins of this test only: nobody else's agent may be touched.
                let script = """
                    mkdir \(bpffs) && mount -t bpf bpf \(bpffs) && mkdir -p \(bpffs)/sluice/net-1 /run/sluice \
                        && mount -t tmpfs tmpfs /run/sluice && touch /run/sluice/net-2.lock || exit 9
                    echo 'bpffs: \(bpffs)' >\(bpffs).yaml
                    nsenter --net=/run/netns/\(site.gateway) \(sluicePath) run --config \(bpffs).yaml --interface wan \
                        --state \(bpffs).db --socket \(bpffs).sock &
                    until \(sluicePath) status --socket \(bpffs).sock >/dev/null 2>&1; do sleep 0.1; done
                    \(sluicePath) detach --all --bpffs \(bpffs) && exit 8
                    inside="nsenter --net=/run/netns/\(site.gateway)"
                    $inside \(sluicePath) chain \(try ChainTests.filter()) --bpffs \(bpffs) >/dev/null || exit 7
                    kill -9 $! && wait $!
                    $inside ip link set wan down && $inside ip link set wan name uplink || exit 6
                    \(sluicePath) detach --all --bpffs \(bpffs) && find \(bpffs) -mindepth 2
                    """
                let end = try await site.run(
                    ["unshare", "--mount", "sh", "-c", script], in: site.inside)
                #expect(end.status == 0, "\(end)")
                #expect(end.error.contains("an agent runs"))
                for words in [
                    "the program on uplink (network namespace /run/netns/\(site.gateway))",
                    "the egress filter and its hook on uplink", "net-2.lock",
                    "sluice/net-1, whose network namespace is gone",
                ] {
                    #expect(end.output.contains(words), "\(words) in: \(end.output)")
                }
                #expect(!end.output.contains("\n\(bpffs)"), "pins are left: \(end.output)")
                #expect(try await site.leftovers().isEmpty)
            }
        }

        @Test("It takes off one interface, what lost its pins, and with --force a running agent")
        func detachMore() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, ["--interface", "wan", "--interface", "lan"])
                agent.program.remove()
                let one = try await site.run([sluicePath, "detach", "--interface", "lan"], in: site.gateway)
                #expect(one.output == "removed the program on lan\n", "\(one.error)")
                let next = try await RunningAgent(site)
                let forced = try await site.run([sluicePath, "detach", "--force"], in: site.gateway)
                #expect(forced.status == 0, "\(forced.error)")
                #expect(await eventually { !next.program.isRunning })
                #expect(try await site.leftovers().isEmpty)
                let last = try await RunningAgent(site)
                last.program.remove()
                site.dropPins()
                let orphan = try await site.run([sluicePath, "detach"], in: site.gateway)
                #expect(orphan.output.contains("the egress filter on wan"), "\(orphan.output)")
            }
        }
    }
}
