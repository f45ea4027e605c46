import Traffic

/// The bans and limits in force, found by what they match and by the ids of their rules.
///
/// Each change by hand begins with a copy, so the keys, which are large, are in it once.
struct Standings: Sendable {
    private var ids: [Policy.Slot: UInt32] = [:]
    private var all: [UInt32: Standing] = [:]

    var count: Int { all.count }
    var slots: Dictionary<Policy.Slot, UInt32>.Keys { ids.keys }
    var values: Dictionary<UInt32, Standing>.Values { all.values }

    subscript(id: UInt32) -> Standing? { all[id] }

    subscript(slot: Policy.Slot) -> Standing? {
        get { ids[slot].flatMap { all[$0] } }
        set {
            let id = newValue?.id
            if let old = ids[slot], old != id { all[old] = nil }
            ids[slot] = id
            if let id { all[id] = newValue }
        }
    }

    mutating func reserveCapacity(_ count: Int) {
        ids.reserveCapacity(count)
        all.reserveCapacity(count)
    }
}
