import Traffic

/// The entities of one view that have a history, and those that were seen just once.
struct EntityTable {
    var histories: BoundedTable<History>
    /// Entities seen with one packet so far, with the time.
    private var sightings: BoundedTable<Int64>
    private var nextSerial: UInt32 = 1
    /// Entities to bring up to date at the end of this reading.
    private(set) var listed: [Int32] = []

    init(capacity: Int, empty: History) {
        histories = BoundedTable(capacity: capacity, empty: empty)
        sightings = BoundedTable(capacity: capacity * 2, empty: 0)
    }

    /// The slot behind a reference, unless another entity has taken it.
    func slot(of reference: EntityReference) -> Int? {
        guard reference.slot >= 0, histories.values[Int(reference.slot)].serial == reference.serial else {
            return nil
        }
        return Int(reference.slot)
    }

    func reference(_ slot: Int) -> EntityReference {
        EntityReference(slot: Int32(slot), serial: histories.values[slot].serial)
    }

    /// The entity with this hash, if it has a history.
    func find(_ hash: UInt64) -> EntityReference {
        histories.slot(of: hash).map(reference) ?? .none
    }

    /// Likewise; gives it a history if these are not its first packet.
    mutating func enter(
        _ hash: UInt64, packets: UInt64, now: Int64, prefix: @autoclosure () -> Prefix
    ) -> EntityReference {
        if let slot = histories.slot(of: hash) { return reference(slot) }
        if packets < 2, sightings.slot(of: hash) == nil {
            _ = sightings.insert(hash, now) { $0 }
            return .none
        }
        var history = History(prefix: prefix(), now: now)
        history.serial = nextSerial
        nextSerial &+= 1
        let slot = histories.insert(hash, history, worth: History.worth)
        return EntityReference(slot: Int32(slot), serial: history.serial)
    }

    /// Puts an entity on the list of those to bring up to date.
    mutating func list(_ slot: Int, reading: UInt32) {
        guard histories.values[slot].lastListed != reading else { return }
        histories.values[slot].lastListed = reading
        listed.append(Int32(slot))
    }

    /// Adds what is pending to the listed entities' sums.
    mutating func bringUpToDate(now: Int64, decays: inout Decays) {
        for slot in listed { histories.values[Int(slot)].bring(to: now, decays: &decays) }
        listed.removeAll(keepingCapacity: true)
    }
}
