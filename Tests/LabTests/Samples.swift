import API
import Control
import Traffic

@testable import Lab

/// Seconds after the start of a run.
func at(_ seconds: Double) -> Timestamp { Timestamp(seconds: 1_700_000_000 + seconds) }

/// A journal of these attacks and one client each of all kinds, begun at `at(0)`.
func journal(attacks: [String] = ["scan4"]) -> Journal {
    Journal(start: at(0), clients: Client.all, attacks: Attack.all.filter { attacks.contains($0.name) })
}

func ban(
    _ prefix: String, rule: UInt32 = 1, dropped: UInt64 = 0, action: BanReport.Action = .ban,
    isShadowed: Bool = false
) -> BanReport {
    BanReport(
        prefix: Prefix(prefix) ?? Prefix(Address(ipv4: 0)), action: action, origin: .automatic,
        isShadowed: isShadowed, since: at(10), expires: at(30), target: nil, packetsPerSecond: nil,
        dropped: Count(packets: dropped, bytes: dropped * 60), lastHit: nil, reason: "scan",
        summary: "200 ports in 1 s, usual: 1", ruleID: rule, alertID: nil)
}

/// A journal with an attack from `at(10)` that is blocked at `at(11)`, and whose host could not reach the server.
func blockedJournal() -> Journal {
    var journal = journal()
    journal.attacks[0].reachedBefore = true
    journal.attacks[0].firstPacket = at(10)
    _ = journal.update(bans: [ban("198.51.100.66", dropped: 5)], at: at(11))
    journal.attacks[0].reachedDuring = false
    for index in journal.clients.indices {
        for second in 0..<60 {
            journal.clients[index].add(
                Request(start: at(Double(second)), duration: 0.001, isAnswered: true), since: at(0))
        }
    }
    return journal
}
