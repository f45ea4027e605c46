import API
import Control
import Terminal
import Traffic

/// Keeps the journal, and tells what happens as it happens.
package actor Recorder {
    package private(set) var journal: Journal
    private let onEvent: @Sendable (Event) async -> Void
    /// Alerts so far, and the prefixes of which one has been told.
    private var alerts: [Int64: AlertReport] = [:]
    private var alerted: Set<Prefix> = []
    /// Time of the latest alert.
    private(set) var latestAlert: Timestamp?
    /// Once it is known.
    private(set) var outcome: Outcome?

    package init(_ journal: Journal, onEvent: @escaping @Sendable (Event) async -> Void) {
        self.journal = journal
        self.onEvent = onEvent
    }

    func record(_ request: Request, of index: Int) {
        journal.clients[index].add(request, since: journal.start)
    }

    func record(_ status: StatusReport) { journal.status = status }

    /// Takes in the packets that each port of the bridge has received.
    func record(ports: [String: UInt64]) {
        let elapsed = (Timestamp.now - journal.start).seconds
        for index in journal.attacks.indices {
            guard let total = ports[journal.attacks[index].attack.name] else { continue }
            journal.attacks[index].update(total: total, elapsed: elapsed)
        }
    }

    /// Takes in what is banned now, and returns what changed.
    func record(bans: [BanReport]) -> [Change] { journal.update(bans: bans, at: .now) }

    /// Changes what is known of one attack.
    func update(_ index: Int, _ change: @Sendable (inout AttackRecord) -> Void) {
        change(&journal.attacks[index])
    }

    func tell(_ kind: Event.Kind, _ text: String, details: [String] = []) async {
        let elapsed = (Timestamp.now - journal.start).seconds
        await onEvent(Event(kind: kind, elapsed: elapsed, text: text, details: details))
    }

    /// Judges what was seen until now.
    func judge() -> Outcome {
        let judged = Outcome(journal, end: .now)
        outcome = judged
        return judged
    }

    /// Takes in new alerts, newest first, and tells the first on each prefix.
    func tell(alerts new: [AlertReport]) async {
        for alert in new.reversed() {
            alerts[alert.id] = alert
            latestAlert = max(latestAlert ?? alert.time, alert.time)
            guard alerted.insert(alert.prefix).inserted else { continue }
            let score = "score \(alert.score.short), threshold \(alert.threshold.short)"
            await tell(
                .alert, "\(who(alert.prefix)): \(alert.reason), \(score)",
                // The ban that follows says why.
                details: alert.action == .ban ? [] : [alert.summary] + (alert.note.map { [$0] } ?? []))
        }
    }

    func tell(_ change: Change) async {
        switch change {
        case .banned(let name, let ban):
            let length =
                ban.expires.map { "for \(Text.seconds(($0 - ban.since).seconds))" } ?? "without an end"
            let features = ban.alertID.flatMap { alerts[$0] }?.features ?? []
            await tell(
                .ban, "\(name): \(ban.prefix) is banned \(length)",
                details: [ban.summary] + features.prefix(3).map(\.sentence))
        case .firstDrop(let name):
            let reaction = journal.attacks.first { $0.attack.name == name }?.reaction ?? 0
            await tell(
                .drop,
                "\(name): the kernel drops its packets, \(Text.seconds(reaction)) after its first packet")
        case .banEnded(let name):
            let dropped = journal.attacks.first { $0.attack.name == name }?.dropped ?? 0
            await tell(.banEnd, "\(name): the ban ended by itself, \(dropped.grouped) packets dropped")
        case .otherBanned(let ban):
            await tell(.warning, "\(who(ban.prefix)) is banned", details: [ban.summary])
        }
    }

    private func who(_ prefix: Prefix) -> String {
        guard let name = journal.name(for: prefix) else { return "\(prefix)" }
        let isClient = journal.clients.contains { $0.client.host.name == name }
        return "\(name) (\(prefix)\(isClient ? ", a legitimate client" : ""))"
    }
}

extension FeatureReport {
    /// `ports tried: 1,200, usual: 2 (61 % of the evidence)`.
    var sentence: String {
        "\(name): \(value.short), usual: \(usual.short) (\(share.percent) of the evidence)"
    }
}
