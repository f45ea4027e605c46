import Terminal
import Traffic

/// The outcome as people read it.
enum Summary {
    static func lines(_ outcome: Outcome, on screen: Terminal.Screen) -> [String] {
        [attacks(outcome), clients(outcome)].flatMap { table in
            [""] + table.text(on: screen).split(separator: "\n").map(String.init)
        } + ["", screen.styled(verdict(outcome), outcome.isSuccess ? .good : .bad)]
    }

    /// The sentence that says it all.
    static func verdict(_ outcome: Outcome) -> String {
        guard outcome.isSuccess else { return "FAILED: \(outcome.failures.joined(separator: "; "))." }
        let loss = outcome.clients.map(\.after.loss).max() ?? 0
        let lost = loss == 0 ? "a single request" : "more than \(loss.percent) of its requests"
        return
            "PASSED: \(counted(outcome.attacks.count, "attack")) blocked, no legitimate client lost \(lost) after the block."
    }

    private static func attacks(_ outcome: Outcome) -> Table {
        var table = Table([
            .init("attack"), .init("from", dispensability: 1), .init("blocked after", .right),
            .init("sent", .right),
            .init("dropped", .right), .init("reach: before, banned, after"),
        ])
        for attack in outcome.attacks {
            let reach = [attack.reachedBefore, attack.reachedDuring, attack.reachedAfter]
                .map { $0.map { $0 ? "yes" : "no" } ?? "-" }.joined(separator: ", ")
            table.add([
                .init(attack.title, attack.isBlocked ? .plain : .bad), .init(attack.address),
                .init(attack.reaction.map(Text.seconds) ?? "never"), .init(attack.sent.grouped),
                .init(attack.dropped.grouped), .init(reach),
            ])
        }
        return table
    }

    private static func clients(_ outcome: Outcome) -> Table {
        var table = Table([
            .init("client"), .init("does", dispensability: 1), .init("before", .right), .init("lost", .right),
            .init("under attack", .right), .init("lost", .right), .init("after block", .right),
            .init("lost", .right),
            .init("95 % within", .right),
        ])
        for client in outcome.clients {
            let phases = [client.before, client.during, client.after].flatMap { service -> [Table.Cell] in
                guard service.requests > 0 else { return ["-", "-"] }
                let lost = "\(service.lost) of \(service.requests.grouped)"
                return [
                    .init("\(Text.rate(service.requestsPerSecond))/s"),
                    .init(lost, service.lost == 0 ? .plain : .bad),
                ]
            }
            table.add(
                [.init(client.name), .init(client.title)] + phases
                    + [.init(client.after.duration95.map(Text.seconds) ?? "-")])
        }
        return table
    }
}
