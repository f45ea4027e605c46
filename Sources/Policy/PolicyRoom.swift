package import Traffic

// Who has a place in the data plane's tables, and who has not.
extension Policy {
    /// So many names that may be borrowed are kept from one service, and from one host.
    ///
    /// More are a flood of names, which rules on names do not stop. What does is the rule on the service.
    static let mostNames = (service: 64, host: 256)

    /// Makes room for a sanction that is not in force yet.
    ///
    /// - Returns: `false` if there is none, and nobody has to give way.
    mutating func makeRoom(for sanction: Sanction, at now: Timestamp, _ changes: inout Changes) -> Bool {
        if sanctionsInForce[Slot(sanction.rule)] != nil { return true }
        let (table, rank) = (RuleRoom.Table(sanction.rule), Rank(sanction))
        let share = rank.share(of: room[table], in: table)
        while sanctionsInForce.tenants.count(table) >= share {
            guard let oldest = sanctionsInForce.takeOldest(in: table, below: rank) else {
                refusedForRoom += 1
                return false
            }
            end(oldest, .evicted, at: now, &changes)
        }
        return true
    }

    /// Why a rule on a name that may be borrowed is one too many; `nil` if it is not.
    func crowd(against sanction: Sanction) -> String? {
        guard Rank(sanction) == .forgeable, case .scope(let scope) = sanction.rule.match,
            sanctionsInForce[Slot(sanction.rule)] == nil
        else { return nil }
        let tenants = sanctionsInForce.tenants
        if tenants.names(keptFrom: scope.service) >= Self.mostNames.service {
            return
                "\(Self.mostNames.service) names are kept from that service already, which may all be borrowed"
        }
        if tenants.names(keptFrom: scope.host) >= Self.mostNames.host {
            return "\(Self.mostNames.host) names are kept from that host already, which may all be borrowed"
        }
        return nil
    }

    /// Takes note of which of these rules the data plane took, and for which it had no room.
    package mutating func note(_ rules: [Rule], refused: Set<UInt32>) {
        if refused.isEmpty, lacking.isEmpty { return }
        for rule in rules {
            let lacks = refused.contains(rule.id)
            if lacks { lacking.insert(rule.id) } else { lacking.remove(rule.id) }
            guard let standing = sanctionsInForce[rule.id], standing.sanction.lacksRoom != lacks else {
                continue
            }
            sanctionsInForce[Slot(standing.sanction.rule)]?.sanction.lacksRoom = lacks
        }
    }

    /// Rules that should be in the data plane, and that it had no room for; the most important first.
    package var lackingRules: [Rule] {
        lacking.compactMap { sanctionsInForce[$0]?.sanction }
            .sorted { (Rank($1), $0.rule.id) < (Rank($0), $1.rule.id) }.map(\.rule)
    }

    /// Whether the data plane has no room for the rule with this id.
    package func lacksRoom(_ ruleID: UInt32) -> Bool { lacking.contains(ruleID) }

    /// How full the tables are, for whoever looks after them.
    package var occupancy: Occupancy {
        let tenants = sanctionsInForce.tenants
        return Occupancy(
            room: room, used: RuleRoom(sources: tenants.count(.sources), scopes: tenants.count(.scopes)),
            lacking: lacking.count { sanctionsInForce[$0] != nil }, refused: refusedForRoom)
    }
}

/// How full the tables of rules are.
package struct Occupancy: Hashable, Sendable {
    package var room: RuleRoom
    package var used: RuleRoom
    /// Rules that should be in force and are not, because the data plane has no room for them.
    package var lacking: Int
    /// Automatic rules that were not made for want of room since the start.
    package var refused: UInt64

    package init(room: RuleRoom, used: RuleRoom, lacking: Int, refused: UInt64) {
        self.room = room
        self.used = used
        self.lacking = lacking
        self.refused = refused
    }
}
