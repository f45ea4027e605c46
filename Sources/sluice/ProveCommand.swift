import API
import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice prove`.
struct ProveCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove", abstract: "Have those prove their address who begin connections to one.",
        discussion: """
            Made-up sources cannot; a client does it in a round trip, once in ten minutes. Connections that exist are not \
            touched, and nobody is shut out. Lasts until `sluice unban ADDRESS` unless --duration says how long.
            """)

    @Argument(help: "The address that connections are begun to.", transform: parseAddress)
    var address: Address

    @Option(help: "The TCP port; without it, all.")
    var port: UInt16?

    @Option(help: "How long, such as 10m or 24h.", transform: parseDuration)
    var duration: Duration?

    @Option(help: "Why; shown by `bans` and `explain`.")
    var reason: String?

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> BanReport {
        try await service.prove(
            ProveRequest(address: address, port: port, duration: duration?.seconds, reason: reason))
    }

    func text(_ rule: BanReport, on screen: Screen, at now: Timestamp) -> String {
        let length = rule.expires.map { "for \($0.left(at: now))" } ?? "until `sluice unban \(rule.prefix)`"
        return
            "New connections \(rule.spokenSubject) have to prove their address \(length) (rule \(rule.ruleID)).\n"
    }
}
