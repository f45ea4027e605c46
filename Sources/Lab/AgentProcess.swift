import Foundation

/// The agent under test: the real program, on the gateway's interface to the WAN.
struct AgentProcess {
    let site: Site
    /// Path of the program.
    let program: String

    /// Bans last so long that a run sees them end.
    static let banDuration: Duration = .seconds(20)
    static let learnDuration: Duration = .seconds(40)

    var socket: String { "\(site.folder)/agent/sluice.sock" }
    private var configurationPath: String { "\(site.folder)/agent/sluice.yaml" }

    var command: Command {
        Command(program, ["run", "--config", configurationPath], in: site.topology.gateway)
    }

    func prepare() throws {
        try FileManager.default.createDirectory(
            atPath: "\(site.folder)/agent", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try configuration.write(toFile: configurationPath, atomically: false, encoding: .utf8)
    }

    var configuration: String {
        """
        interfaces: [\(Topology.gatewayInterface)]
        mode: enforce
        local_networks: [\(Topology.localNetworks.map { "'\($0)'" }.joined(separator: ", "))]
        learn:
          duration: \(Self.learnDuration.components.seconds)s
        bans:
          duration: \(Self.banDuration.components.seconds)s
        state: \(site.folder)/agent/sluice.db
        socket: \(socket)
        bpffs: \(site.bpffs)

        """
    }
}
