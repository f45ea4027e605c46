import API
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
            how long. What is protected (see `sluice protect`) is banned with --force only; this machine's own \
            addresses, its gateways and loopback never are, nor prefixes wider than /8 (IPv6: /16). Of several \
            subjects, all are banned or, if one is refused, none; with --skip-refused, those that are not. Of two \
            bans by hand of the same prefix, the one that ends later holds: to shorten one, lift it first.
            """)

    @OptionGroup var subjects: SubjectOptions

    @Option(help: "How long, such as 10m or 24h.", transform: parseDuration)
    var duration: Duration?

    @Option(help: "Why; shown by `bans` and `explain`.")
    var reason: String?

    @Flag(help: "Ban also what is protected, such as where an operator is logged in from.")
    var force = false

    @OptionGroup var skip: SkipOption

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Changed {
        try await subjects.read(skippingMistakes: skip.skipRefused).change {
            try await service.ban(
                AddRequest(
                    prefixes: $0, duration: duration?.seconds, reason: reason,
                    confirm: confirm.time?.seconds, force: force ? true : nil,
                    skipRefused: skip.skipRefused ? true : nil, dryRun: subjects.dryRun ? true : nil))
        }
    }

    func text(_ changed: Changed, on screen: Screen, at now: Timestamp) -> String {
        let result = changed.result
        guard let prefix = changed.only, let ban = result.bans.first else {
            let length = duration.map { "for \($0.seconds.duration)" } ?? "until `sluice unban`"
            return changed.opening + "Banned \(counted(result.count, "prefix", "prefixes")) \(length).\n"
                + changed.remarks(at: now)
        }
        let length = ban.expires.map { "for \($0.left(at: now))" } ?? "until `sluice unban \(prefix)`"
        return changed.opening + "Banned \(prefix) \(length) (rule \(ban.ruleID)).\n"
            + changed.remarks(at: now)
    }
}

/// The command `sluice unban`.
struct UnbanCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "unban", abstract: "Lift every ban and limit on a source.",
        discussion: """
            Sluice will not ban it again by itself for the length of a first ban (`bans.duration`). To keep \
            it from being banned ever, use `sluice allow add`. Prefixes must be exactly as in `sluice bans`. Of \
            several, those that are not banned are named and left. With --reason, only bans by hand with exactly \
            that reason are lifted, and Sluice may ban again at once: for programs that ban for a time.
            """)

    @OptionGroup var subjects: SubjectOptions

    @Option(help: "Lift only bans by hand with this reason.")
    var reason: String?

    @OptionGroup var missing: MissingOption

    @OptionGroup var confirm: ConfirmOption

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> Changed {
        try await subjects.read().change {
            try await service.unban(
                RemoveRequest(
                    prefixes: $0, confirm: confirm.time?.seconds, reason: reason,
                    missingOk: missing.missingOk ? true : nil, dryRun: subjects.dryRun ? true : nil))
        }
    }

    func text(_ changed: Changed, on screen: Screen, at now: Timestamp) -> String {
        let result = changed.result
        guard changed.only != nil else {
            return
                changed.opening
                + "Lifted \(counted(result.lifted, "ban")) and limits on \(counted(result.count, "prefix", "prefixes")).\n"
                + changed.remarks(at: now)
        }
        return changed.opening
            + result.bans.map { ban in
                let length = (now - ban.since).seconds.duration
                let dropped = "\(counted(ban.dropped.packets, "packet")) dropped in \(length)"
                let what = "\(ban.action.rawValue) on \(ban.spokenSubject)"
                return "Lifted the \(what) (\(ban.reason.printable), \(dropped)).\n"
            }.joined() + changed.remarks(at: now)
    }
}
