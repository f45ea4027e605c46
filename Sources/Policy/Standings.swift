import Traffic

/// The bans and limits in force, found by what they match and by the ids of their rules.
///
/// Each change by hand begins with a copy, so the keys, which are large, are in it once.
struct Standings: Sendable {
    private var ids: [Policy.Slot: UInt32] = [:]
    private var all: [UInt32: Standing] = [:]
    /// Who takes room where.
    private(set) var tenants = Tenants()
    /// How many of them the agent made on everybody's traffic to somebody.
    private(set) var onEverybody = 0

    var count: Int { all.count }
    var slots: Dictionary<Policy.Slot, UInt32>.Keys { ids.keys }
    var values: Dictionary<UInt32, Standing>.Values { all.values }

    subscript(id: UInt32) -> Standing? { all[id] }

    subscript(slot: Policy.Slot) -> Standing? {
        get { ids[slot].flatMap { all[$0] } }
        set {
            let (id, oldID) = (newValue?.id, ids[slot])
            let old = oldID.flatMap { all[$0] }
            if let oldID, oldID != id { all[oldID] = nil }
            if slot.isOnEverybody { onEverybody += (id == nil ? 0 : 1) - (oldID == nil ? 0 : 1) }
            ids[slot] = id
            if let id { all[id] = newValue }
            tenants.replace(old?.sanction, with: newValue?.sanction) { [all] in all[$0] == nil }
        }
    }

    /// The oldest rule of the lowest rank below `rank` that has any in a table, for the caller to end it.
    mutating func takeOldest(in table: RuleRoom.Table, below rank: Rank) -> Sanction? {
        for lower in Rank.allCases where lower < rank {
            if let found = tenants.takeOldest(table, lower, where: { [all] in all[$0]?.sanction }) {
                return found
            }
        }
        return nil
    }

    mutating func reserveCapacity(_ count: Int) {
        ids.reserveCapacity(count)
        all.reserveCapacity(count)
    }
}

extension Policy.Slot {
    /// Whether the agent's rule in it is on everybody's traffic to somebody.
    fileprivate var isOnEverybody: Bool {
        guard origin == .automatic, case .scope(let scope) = match else { return false }
        return scope.source == nil
    }
}
