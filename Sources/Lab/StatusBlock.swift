import API
import Control
import Terminal
import Traffic

/// How things stand: what the agent does, and what every client and attacker experiences.
enum StatusBlock {
    /// Seconds that the sparklines show.
    private static let span = 30

    static func lines(_ journal: Journal, at now: Timestamp, on screen: Terminal.Screen) -> [String] {
        let elapsed = (now - journal.start).seconds
        var table = Table([
            .init("host"), .init("address", dispensability: 2), .init("last \(span) s", dispensability: 1),
            .init("a second", .right), .init("sent", .right), .init("lost", .right),
            .init("state", isFlexible: true),
        ])
        for record in journal.clients { table.add(cells(record, elapsed: elapsed)) }
        for record in journal.attacks { table.add(cells(record, elapsed: elapsed, now: now)) }
        let text = table.text(on: screen).split(separator: "\n").map(String.init)
        return ["", screen.styled(String(heading(journal, elapsed: elapsed).prefix(screen.width)), .bold)]
            + text
    }

    /// One line for logs, where nothing can be refreshed.
    static func summary(_ journal: Journal, at now: Timestamp) -> String {
        let elapsed = (now - journal.start).seconds
        let answers = journal.clients.reduce(0) { $0 + rate($1.answers, elapsed: elapsed) }
        let lost = journal.clients.reduce(0) { $0 + $1.requests.count { !$0.isAnswered } }
        let packets = journal.attacks.reduce(0) { $0 + rate($1.packets, elapsed: elapsed) }
        return heading(journal, elapsed: elapsed) + "; clients: \(Text.rate(answers)) answers/s, "
            + "\(lost.grouped) lost; attackers: \(Text.rate(packets)) packets/s"
    }

    private static func heading(_ journal: Journal, elapsed: Double) -> String {
        guard let status = journal.status else { return "\(Text.clock(elapsed))  waiting for the agent" }
        let done = min(max(status.learning.progress, 0), 1)
        let bar =
            String(repeating: "█", count: Int(done * 20)) + String(repeating: "░", count: 20 - Int(done * 20))
        let learning = done < 1 ? "learning \(bar) \(Int(done * 100)) %" : "learned"
        return
            "\(Text.clock(elapsed))  \(status.mode.rawValue), \(learning), \(counted(status.counts.bans, "ban")), "
            + "\(Text.rate(status.rates.packetsPerSecond)) packets/s, "
            + "\(Text.rate(status.rates.droppedPerSecond)) dropped/s"
    }

    private static func cells(_ record: ClientRecord, elapsed: Double) -> [Table.Cell] {
        let lost = record.requests.count { !$0.isAnswered }
        let latest = record.requests.suffix(100).filter(\.isAnswered).map(\.duration).quantile(0.5)
        return [
            .init(record.client.host.name), .init("\(record.client.address)", .faint),
            .init(spark(record.answers, elapsed: elapsed), .good),
            .init(Text.rate(rate(record.answers, elapsed: elapsed))),
            .init(record.requests.count.grouped), .init(lost.grouped, lost == 0 ? .plain : .bad),
            .init(latest.map { "answered in \(Text.seconds($0))" } ?? ""),
        ]
    }

    private static func cells(_ record: AttackRecord, elapsed: Double, now: Timestamp) -> [Table.Cell] {
        [
            .init(record.attack.name), .init("\(record.attack.address)", .faint),
            .init(spark(record.packets, elapsed: elapsed), .bad),
            .init(Text.rate(rate(record.packets, elapsed: elapsed))),
            .init(record.sent.grouped), .init(record.dropped.grouped), state(of: record, now: now),
        ]
    }

    private static func state(of record: AttackRecord, now: Timestamp) -> Table.Cell {
        if record.isBanned {
            let left = record.ban?.expires.map { ", \(max(0, ($0 - now).seconds).grouped) s left" }
            return .init("banned" + (left ?? ""), .warning)
        }
        if record.banEnd != nil { return .init("ban ended", .good) }
        if record.end != nil { return .init("not blocked", .bad) }
        return record.firstPacket == nil ? .init("waiting", .faint) : .init("attacking", .bad)
    }

    private static func spark(_ history: History, elapsed: Double) -> String {
        Sparkline.text(history.last(span, before: elapsed), width: span)
    }

    /// Mean of the last three seconds.
    private static func rate(_ history: History, elapsed: Double) -> Double {
        history.last(3, before: elapsed).reduce(0, +) / 3
    }
}
