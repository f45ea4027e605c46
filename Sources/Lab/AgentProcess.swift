import API
import Control
import Foundation

/// The agent under test: the real program, on the gateway's interface to the WAN.
struct AgentProcess {
    /// Path of the program.
    let program: String
    /// Files of the lab, with a BPF file system in it.
    let folder: String
    /// Namespace of the gateway.
    let gateway: String
    let localNetworks: [String]
    let learnDuration: Duration

    /// Bans last so long that a run sees them end.
    static let banDuration: Duration = .seconds(20)

    var socket: String { "\(folder)/agent/sluice.sock" }
    private var configurationPath: String { "\(folder)/agent/sluice.yaml" }

    var command: Command { Command(program, ["run", "--config", configurationPath], in: gateway) }

    func prepare() throws {
        try FileManager.default.createDirectory(
            atPath: "\(folder)/agent", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try configuration.write(toFile: configurationPath, atomically: false, encoding: .utf8)
    }

    var configuration: String {
        """
        interfaces: [\(Topology.gatewayInterface)]
        mode: enforce
        local_networks: [\(localNetworks.map { "'\($0)'" }.joined(separator: ", "))]
        learn:
          duration: \(learnDuration.components.seconds)s
        bans:
          duration: \(Self.banDuration.components.seconds)s
        state: \(folder)/agent/sluice.db
        socket: \(socket)
        bpffs: \(folder)/bpffs

        """
    }
}

extension AgentProcess {
    /// How long it learns in the demonstration.
    static let demoLearnDuration: Duration = .seconds(40)

    /// The agent of the demonstration.
    init(site: Site, program: String) {
        self.init(
            program: program, folder: site.folder, gateway: site.topology.gateway,
            localNetworks: Topology.localNetworks, learnDuration: Self.demoLearnDuration)
    }

    /// Waits until it answers.
    func awaitReady(_ service: any ControlService) async throws {
        for _ in 0..<200 {
            if (try? await service.status()) != nil { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw AgentError("the agent does not answer on its socket 20 s after its start")
    }
}
