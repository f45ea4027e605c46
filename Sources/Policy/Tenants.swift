import Traffic

/// Which rules take room where: how many of each rank, which came first, and how many names are kept from one service.
struct Tenants: Sendable {
    /// Ids in the order in which they came; those that are gone are passed over, and swept out now and then.
    private struct Arrivals: Sendable {
        var ids: [UInt32] = []
        var first = 0
        var count = 0

        mutating func sweep(where isGone: (UInt32) -> Bool) {
            guard ids.count - first > 2 * count + 64 else { return }
            ids = ids[first...].filter { !isGone($0) }
            first = 0
        }
    }

    /// A place of rules: table and rank.
    private struct Place: Hashable, Sendable {
        var table: RuleRoom.Table
        var rank: Rank

        init(_ table: RuleRoom.Table, _ rank: Rank) { (self.table, self.rank) = (table, rank) }

        init(_ sanction: Sanction) { self.init(RuleRoom.Table(sanction.rule), Rank(sanction)) }

        var index: Int { table.rawValue * Rank.allCases.count + rank.rawValue }
    }

    private var places = [Arrivals](
        repeating: Arrivals(), count: RuleRoom.Table.allCases.count * Rank.allCases.count)
    /// Names that may be borrowed and are kept from a service, or from a host.
    private var names: [Rule.Scope: Int] = [:]

    func count(_ table: RuleRoom.Table, _ rank: Rank) -> Int { places[Place(table, rank).index].count }

    func count(_ table: RuleRoom.Table) -> Int { Rank.allCases.reduce(0) { $0 + count(table, $1) } }

    /// How many names that may be borrowed are kept from exactly this service or host.
    func names(keptFrom scope: Rule.Scope) -> Int { names[scope] ?? 0 }

    /// Another sanction, or another state of one, has the place of the old one.
    mutating func replace(
        _ old: Sanction?, with new: Sanction?, where isGone: (UInt32) -> Bool
    ) {
        let (from, to) = (old.map { Place($0) }, new.map { Place($0) })
        if from == to, old?.rule.id == new?.rule.id { return }
        if let old, let from {
            places[from.index].count -= 1
            if from.rank == .forgeable { count(old.rule, by: -1) }
        }
        if let new, let to {
            places[to.index].count += 1
            places[to.index].ids.append(new.rule.id)
            places[to.index].sweep(where: isGone)
            if to.rank == .forgeable { count(new.rule, by: 1) }
        }
    }

    private mutating func count(_ rule: Rule, by step: Int) {
        guard case .scope(let scope) = rule.match else { return }
        for key in Set([scope.service, scope.host]) {
            let count = (names[key] ?? 0) + step
            names[key] = count > 0 ? count : nil
        }
    }

    /// Takes the oldest rule of a rank out of the order, for the caller to end it; `nil` if there is none.
    mutating func takeOldest(
        _ table: RuleRoom.Table, _ rank: Rank, where isTenant: (UInt32) -> Sanction?
    ) -> Sanction? {
        let place = Place(table, rank)
        while places[place.index].first < places[place.index].ids.count {
            let id = places[place.index].ids[places[place.index].first]
            places[place.index].first += 1
            // It may have gone, or come to another rank.
            if let sanction = isTenant(id), Place(sanction) == place { return sanction }
        }
        return nil
    }
}
