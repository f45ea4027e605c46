package import API
import Control
package import Traffic

/// Everything the lab has seen so far, for the screen and for the judgement.
package struct Journal: Sendable {
    package let start: Timestamp
    package var clients: [ClientRecord]
    package var attacks: [AttackRecord]
    /// Rules that ban somebody else than an attacker.
    private var otherBans: Set<UInt32> = []
    /// Clients that were banned.
    package private(set) var bannedClients: [String] = []
    /// The agent's latest report; `nil` before its first answer.
    package var status: StatusReport?

    package init(start: Timestamp, clients: [Client], attacks: [Attack]) {
        self.start = start
        self.clients = clients.map { ClientRecord(client: $0) }
        self.attacks = attacks.map { AttackRecord(attack: $0) }
    }

    /// The machine that a ban or alert on `prefix` is for: `scan4`, `web6` ...; `nil` for strangers.
    package func name(for prefix: Prefix) -> String? {
        (attacks.map(\.attack.host) + clients.map(\.client.host)).first { $0.isCovered(by: prefix) }?.name
    }

    /// Takes in what the agent says is banned now.
    ///
    /// - Returns: the changes worth telling, in order.
    package mutating func update(bans: [BanReport], at now: Timestamp) -> [Change] {
        let others = bans.filter { ban in
            ban.action == .ban && !attacks.contains { $0.attack.host.isCovered(by: ban.prefix) }
                && otherBans.insert(ban.ruleID).inserted
        }
        for ban in others {
            bannedClients += clients.map(\.client.host).filter { $0.isCovered(by: ban.prefix) }.map(\.name)
        }
        return attacks.indices.flatMap { attacks[$0].update(bans: bans, at: now) }
            + others.map { .otherBanned($0) }
    }

    /// Spans in which an attack reaches the servers: from its first packet to the first drop, or else to its end.
    package var exposures: [Range<Timestamp>] {
        attacks.compactMap { attack in
            guard let start = attack.firstPacket else { return nil }
            let end = attack.firstDrop ?? attack.end ?? Timestamp(nanoseconds: .max)
            return start..<max(start, end)
        }
    }

    /// What was going on at a time.
    package func phase(at time: Timestamp) -> Phase {
        let exposures = exposures
        if exposures.contains(where: { $0.contains(time) }) { return .during }
        return exposures.contains { $0.lowerBound <= time } ? .after : .before
    }
}

/// What a request may meet.
package enum Phase: String, Codable, Hashable, Sendable, CaseIterable {
    /// No attack has begun.
    case before
    /// At least one attack is running, and is not blocked yet.
    case during
    /// Every attack so far is blocked or over.
    case after
}

/// A count for each second since the start.
package struct History: Hashable, Sendable {
    private var seconds: [Double] = []

    mutating func add(_ count: Double, at elapsed: Double) {
        guard (0..<86_400).contains(elapsed) else { return }
        let second = Int(elapsed)
        if second >= seconds.count {
            seconds += Array(repeating: 0, count: second + 1 - seconds.count)
        }
        seconds[second] += count
    }

    /// The last `count` full seconds before `elapsed`, oldest first.
    package func last(_ count: Int, before elapsed: Double) -> [Double] {
        let end = Int(min(max(elapsed, 0), 86_400))
        return (end - count..<end).map { seconds.indices.contains($0) ? seconds[$0] : 0 }
    }
}

/// What a client got.
package struct ClientRecord: Sendable {
    package let client: Client
    /// In the order of completion.
    package private(set) var requests: [Request] = []
    /// Requests that were answered, by the second.
    package private(set) var answers = History()

    mutating func add(_ request: Request, since start: Timestamp) {
        requests.append(request)
        guard request.isAnswered else { return }
        answers.add(1, at: (request.start - start).seconds + request.duration)
    }
}

/// What an attack did, and what was done about it.
package struct AttackRecord: Sendable {
    package let attack: Attack
    /// Packets that its host has sent, by the second.
    package private(set) var packets = History()
    /// Packets that its host has sent in all, and had sent before the attack.
    private var total: UInt64?
    private var baseline: UInt64 = 0
    /// Packets that its host has sent since the attack began; the lab's own probes are among them.
    package private(set) var sent: UInt64 = 0
    package var firstPacket: Timestamp?
    /// When the tool was stopped, or stopped by itself.
    package var end: Timestamp?
    /// The latest report of the ban that covers it; kept after the ban's end.
    package var ban: BanReport?
    /// When its first packet was seen to be dropped in the kernel.
    package var firstDrop: Timestamp?
    package var banEnd: Timestamp?
    /// Whether a page from the server reached the attacker's host.
    package var reachedBefore: Bool?
    package var reachedDuring: Bool?
    package var reachedAfter: Bool?
    /// Packets dropped by rules that are no more.
    private var droppedEarlier: UInt64 = 0

    init(attack: Attack) { self.attack = attack }

    /// Packets dropped in the kernel.
    package var dropped: UInt64 { droppedEarlier + (ban?.dropped.packets ?? 0) }

    /// Seconds from the attack's first packet to its first drop.
    package var reaction: Double? {
        guard let firstPacket, let firstDrop else { return nil }
        return max(0, (firstDrop - firstPacket).seconds)
    }

    /// Its packets were dropped, and its host could not reach the server meanwhile.
    package var isBlocked: Bool { firstDrop != nil && reachedDuring == false }

    /// Whether a ban on it is in force.
    package var isBanned: Bool { ban != nil && banEnd == nil }

    /// Takes in how many packets the host has sent in all.
    mutating func update(total now: UInt64, elapsed: Double) {
        let earlier = total ?? now
        packets.add(Double(now >= earlier ? now - earlier : 0), at: elapsed)
        total = now
        if firstPacket == nil {
            baseline = now
        } else if now >= baseline {
            sent = now - baseline
        }
    }

    mutating func update(bans: [BanReport], at now: Timestamp) -> [Change] {
        let found = bans.first { $0.action == .ban && !$0.isShadowed && attack.host.isCovered(by: $0.prefix) }
        guard let found else {
            guard isBanned else { return [] }
            banEnd = now
            return [.banEnded(attack.name)]
        }
        var changes: [Change] = []
        if !isBanned || ban?.ruleID != found.ruleID {
            droppedEarlier = dropped
            changes.append(.banned(attack.name, found))
        }
        ban = found
        banEnd = nil
        if firstDrop == nil, firstPacket != nil, found.dropped.packets > 0 {
            firstDrop = now
            changes.append(.firstDrop(attack.name))
        }
        return changes
    }
}

/// Something that happened to an attack, by its name, or to somebody else.
package enum Change: Hashable, Sendable {
    case banned(String, BanReport)
    case firstDrop(String)
    case banEnded(String)
    case otherBanned(BanReport)
}
