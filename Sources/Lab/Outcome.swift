import API
import Control
package import Traffic

/// How the run ended for one client.
package struct ClientOutcome: Codable, Hashable, Sendable {
    /// A client's requests in one phase.
    package struct Service: Codable, Hashable, Sendable {
        package var requests = 0
        package var lost = 0
        /// 0 in a phase that did not happen.
        package var requestsPerSecond = 0.0
        /// Seconds within which 95 % of the answers came; absent where there was none.
        package var duration95: Double?

        /// Part of the requests that got no answer, 0...1.
        package var loss: Double { requests == 0 ? 0 : Double(lost) / Double(requests) }
    }

    package var name: String
    package var title: String
    package var address: String
    package var before: Service
    package var during: Service
    package var after: Service
}

/// How the run ended for one attack.
package struct AttackOutcome: Codable, Hashable, Sendable {
    package var name: String
    package var title: String
    package var address: String
    package var isBlocked: Bool
    /// Seconds from the first packet to the first drop in the kernel.
    package var reaction: Double?
    package var sent: UInt64
    package var dropped: UInt64
    /// Why, in the agent's words.
    package var summary: String?
    package var reachedBefore: Bool?
    package var reachedDuring: Bool?
    /// Whether it could reach the server again after the ban had ended by itself; absent if that was not seen.
    package var reachedAfter: Bool?
}

/// How the run ended.
package struct Outcome: Codable, Hashable, Sendable {
    /// Part of a client's requests that may get lost while every attack is blocked.
    package static let tolerableLoss = 0.01

    package var clients: [ClientOutcome]
    package var attacks: [AttackOutcome]
    /// What was not as it must be, one sentence each.
    package var failures: [String]

    package var isSuccess: Bool { failures.isEmpty }

    /// Judges what was seen up to `end`.
    package init(_ journal: Journal, end: Timestamp) {
        let seconds = journal.seconds(until: end)
        clients = journal.clients.map { record in
            let services = Dictionary(grouping: record.requests) { journal.phase(at: $0.start) }
            let service = { (phase: Phase) in
                ClientOutcome.Service(services[phase] ?? [], seconds: seconds[phase] ?? 0)
            }
            return ClientOutcome(
                name: record.client.host.name, title: record.client.title,
                address: "\(record.client.address)",
                before: service(.before), during: service(.during), after: service(.after))
        }
        attacks = journal.attacks.map { record in
            AttackOutcome(
                name: record.attack.name, title: record.attack.title, address: "\(record.attack.address)",
                isBlocked: record.isBlocked, reaction: record.reaction, sent: record.sent,
                dropped: record.dropped,
                summary: record.ban?.summary, reachedBefore: record.reachedBefore,
                reachedDuring: record.reachedDuring, reachedAfter: record.reachedAfter)
        }
        failures =
            attacks.compactMap(\.failure) + clients.compactMap(\.failure)
            + journal.bannedClients.map { "the client \($0) was banned, which did nothing wrong" }
    }
}

extension Journal {
    /// How long each phase lasted.
    func seconds(until end: Timestamp) -> [Phase: Double] {
        let edges = ([start, end] + exposures.flatMap { [$0.lowerBound, $0.upperBound] })
            .map { min(max($0, start), end) }.sorted()
        var seconds: [Phase: Double] = [:]
        for (from, to) in zip(edges, edges.dropFirst()) {
            seconds[phase(at: from), default: 0] += (to - from).seconds
        }
        return seconds
    }
}

extension ClientOutcome.Service {
    init(_ requests: [Request], seconds: Double) {
        self.requests = requests.count
        lost = requests.count { !$0.isAnswered }
        requestsPerSecond = seconds > 0 ? Double(requests.count) / seconds : 0
        duration95 = requests.filter(\.isAnswered).map(\.duration).quantile(0.95)
    }
}

extension ClientOutcome {
    var failure: String? {
        guard after.requests > 0 else { return "the client \(name) made no request after the block" }
        guard after.loss > Outcome.tolerableLoss else { return nil }
        return "the client \(name) lost \(after.lost) of \(after.requests) requests after the block"
    }
}

extension AttackOutcome {
    var failure: String? {
        if reachedBefore != true { return "\(name) could not reach the server even before its attack" }
        if isBlocked { return nil }
        if reaction == nil { return "the \(title) from \(address) was not blocked" }
        return "the \(title) from \(address) was banned, but its host still reached the server"
    }
}

extension [Double] {
    /// The smallest element that is no less than `fraction` of all; `nil` if there is none.
    func quantile(_ fraction: Double) -> Double? {
        let rank = (Double(count) * fraction).rounded(.up)
        let index = Swift.min(Swift.max(Int(rank) - 1, 0), count - 1)
        return isEmpty ? nil : sorted()[index]
    }
}
