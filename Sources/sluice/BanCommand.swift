import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice ban`.
struct BanCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "ban", abstract: "Drop every packet from a source.",
        discussion: """
            A ban by hand is enforced in every mode, and lasts until `sluice unban` unless --duration says \
            how long. Protected addresses (those of this machine, its gateways, loopback) and prefixes wider \
            than /8 (IPv6: /16) are refused.
            """)

    @Argument(help: "Address or prefix.", transform: parsePrefix)
    var prefix: Prefix

    @Option(help: "How long, such as 10m or 24h.", transform: parseDuration)
    var duration: Duration?

    @Option(help: "Why; shown by `bans` and `explain`.")
    var reason: String?

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> BanReport {
        try await service.ban(BanRequest(prefix: prefix, duration: duration?.seconds, reason: reason))
    }

    func text(_ ban: BanReport, on screen: Screen, at now: Timestamp) -> String {
        let length = ban.expires.map { "for \($0.left(at: now))" } ?? "until `sluice unban \(ban.prefix)`"
        return "Banned \(ban.prefix) \(length) (rule \(ban.ruleID)).\n"
    }
}

/// The command `sluice unban`.
struct UnbanCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "unban", abstract: "Lift every ban and limit on a source.",
        discussion: """
            Sluice will not ban it again by itself for the length of a first ban (`bans.duration`). To keep \
            it from being banned ever, use `sluice allow add`.
            """)

    @Argument(help: "Address or prefix, exactly as in `sluice bans`.", transform: parsePrefix)
    var prefix: Prefix

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> BanList {
        BanList(bans: try await service.unban(prefix))
    }

    func text(_ lifted: BanList, on screen: Screen, at now: Timestamp) -> String {
        lifted.bans.map { ban in
            let length = (now - ban.since).seconds.duration
            let dropped = "\(counted(ban.dropped.packets, "packet")) dropped in \(length)"
            let what = "\(ban.action.rawValue) on \(ban.spokenSubject)"
            return "Lifted the \(what) (\(ban.reason.printable), \(dropped)).\n"
        }.joined()
    }
}
