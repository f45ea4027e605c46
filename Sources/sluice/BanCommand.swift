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
            than /8 (IPv6: /16) are refused. Of several subjects, all are banned or, if one is refused, none.
            """)

    @OptionGroup var subjects: SubjectOptions

    @Option(help: "How long, such as 10m or 24h.", transform: parseDuration)
    var duration: Duration?

    @Option(help: "Why; shown by `bans` and `explain`.")
    var reason: String?

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Outcome<BanReport> {
        let subjects = try subjects.read()
        if subjects.prefixes.count == 1 {
            let prefix = subjects.prefixes[0]
            return .one(
                try await service.ban(
                    BanRequest(
                        prefix: prefix, duration: duration?.seconds, reason: reason,
                        confirm: confirm.time?.seconds)))
        }
        return .many(
            try await subjects.batch(
                .ban, duration: duration, reason: reason, confirm: confirm.time, service))
    }

    func text(_ outcome: Outcome<BanReport>, on screen: Screen, at now: Timestamp) -> String {
        switch outcome {
        case .one(let ban):
            let length =
                ban.expires.map { "for \($0.left(at: now))" } ?? "until `sluice unban \(ban.prefix)`"
            return "Banned \(ban.prefix) \(length) (rule \(ban.ruleID)).\n"
                + (ban.pending?.reminder(at: now) ?? "")
        case .many(let result):
            let length = duration.map { "for \($0.seconds.duration)" } ?? "until `sluice unban`"
            return "Banned \(counted(result.count, "prefix", "prefixes")) \(length).\n"
                + result.remarks(at: now)
        }
    }
}

/// The command `sluice unban`.
struct UnbanCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "unban", abstract: "Lift every ban and limit on a source.",
        discussion: """
            Sluice will not ban it again by itself for the length of a first ban (`bans.duration`). To keep \
            it from being banned ever, use `sluice allow add`. Prefixes must be exactly as in `sluice bans`. Of \
            several, those that are not banned are named and left.
            """)

    @OptionGroup var subjects: SubjectOptions

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Outcome<BanList> {
        let subjects = try subjects.read()
        if subjects.prefixes.count == 1 {
            let (prefix, time) = (subjects.prefixes[0], confirm.time?.seconds)
            return .one(BanList(bans: try await service.unban(prefix, confirm: time)))
        }
        return .many(try await subjects.batch(.unban, confirm: confirm.time, service))
    }

    func text(_ outcome: Outcome<BanList>, on screen: Screen, at now: Timestamp) -> String {
        switch outcome {
        case .one(let lifted):
            lifted.bans.map { ban in
                let length = (now - ban.since).seconds.duration
                let dropped = "\(counted(ban.dropped.packets, "packet")) dropped in \(length)"
                let what = "\(ban.action.rawValue) on \(ban.spokenSubject)"
                return "Lifted the \(what) (\(ban.reason.printable), \(dropped)).\n"
            }.joined()
        case .many(let result):
            "Lifted \(counted(result.lifted, "ban")) and limits on \(counted(result.count, "prefix", "prefixes")).\n"
                + result.remarks(at: now)
        }
    }
}
