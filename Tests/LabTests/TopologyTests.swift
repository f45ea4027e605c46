import Configuration
import Testing
import Traffic

@testable import Lab

struct TopologyTests {
    private let hosts = Client.all.map(\.host) + Attack.all.map(\.host)
    private var site: Site { Site(Topology(name: "sluice-1", hosts: hosts)) }

    @Test("no two hosts share an address, an IPv6 /64, an Ethernet address or a name")
    func distinct() {
        #expect(Set(hosts.map(\.ipv4)).count == hosts.count)
        #expect(Set(hosts.map { $0.ipv6.masked(to: 64) }).count == hosts.count)
        #expect(Set(hosts.map(\.ethernet) + [Topology.gatewayEthernet]).count == hosts.count + 1)
        #expect(Set(hosts.map(\.name)).count == hosts.count)
    }

    @Test("hosts have names that the kernel takes for interfaces, and addresses outside the local networks")
    func names() {
        for host in hosts {
            #expect((1...15).contains(host.name.utf8.count))
            #expect(!["wan", "gateway", "lan", "gw"].contains(host.name))
            for network in Topology.localNetworks.compactMap(Prefix.init) {
                #expect(!network.contains(host.ipv4) && !network.contains(host.ipv6))
            }
        }
        #expect(Address(Topology.server(.ipv4)) != nil && Address(Topology.server(.ipv6)) != nil)
    }

    @Test("every namespace is made before anything is put into it")
    func batches() {
        let batches = site.topology.batches
        #expect(batches.first?.namespace == nil)
        let made = Set(batches.first?.lines.map { String($0.dropFirst("netns add ".count)) } ?? [])
        #expect(Set(batches.dropFirst().compactMap(\.namespace)) == made)
    }

    @Test("the agent takes the configuration that the lab writes for it")
    func configuration() throws {
        let agent = AgentProcess(site: site, program: "/usr/bin/sluice")
        let configuration = try Configuration(text: agent.configuration, file: "lab")
        #expect(configuration.interfaces == [Topology.gatewayInterface])
        #expect(configuration.mode == .enforce)
        #expect(configuration.localNetworks.count == 2)
        #expect(configuration.learn.duration == AgentProcess.demoLearnDuration)
        #expect(configuration.bans.duration == AgentProcess.banDuration)
        #expect(configuration.socket == agent.socket)
    }

    @Test(
        "the same seed gives the same sessions, another seed others", arguments: Client.all.map(\.host.name))
    func seeds(name: String) throws {
        let client = try #require(Client.all.first { $0.host.name == name })
        let commands = { (seed: UInt64) in
            var generator = SeededGenerator(seed: seed)
            return (0..<5).map { _ in
                Session(of: client, at: Servers(site: site), using: &generator).command.text
            }
        }
        #expect(commands(7) == commands(7))
        if case .pages = client.workload { #expect(commands(7) != commands(8)) }
    }
}
