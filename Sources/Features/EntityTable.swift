import Traffic

/// The entities of one view that have a history, and those that were seen just once.
struct EntityTable: ~Copyable {
    private var histories: BoundedTable<History>
    /// By slot of the histories.
    private var ledgers: Slots<Ledger>
    private var seats: Slots<Seat>
    /// Entities seen with one packet so far, with the time.
    private var sightings: BoundedTable<Int64>
    private var nextSerial: UInt32 = 1
    /// Entities to bring up to date at the end of this reading.
    private var listed: [Int32] = []

    /// So many histories are asked for ahead of their turn.
    private static var ahead: Int { 8 }

    /// What the windows of a reading need to know of an entity; apart, since they ask for each flow.
    struct Seat {
        var serial: UInt32 = 0
        /// Row among the windows of this reading; -1: none.
        var row: Int32 = -1
    }

    init(capacity: Int) {
        let nobody = History(prefix: Prefix(Address(ipv4: 0)), now: 0)
        histories = BoundedTable(capacity: capacity, empty: nobody)
        ledgers = Slots(repeating: Ledger(), atLeast: histories.capacity)
        seats = Slots(repeating: Seat(), atLeast: histories.capacity)
        sightings = BoundedTable(capacity: capacity * 2, empty: 0)
    }

    /// How many histories there is room for.
    var capacity: Int { histories.capacity }

    /// How many have a history.
    var count: Int { histories.count }

    /// How many lost theirs to others.
    var evicted: UInt64 { histories.evicted }

    /// The history in a slot.
    subscript(historyIn slot: Int) -> History {
        @inline(__always) _read { yield histories[slot] }
        @inline(__always) _modify { yield &histories[slot] }
    }

    /// The serial of the entity in a slot.
    @inline(__always)
    func serial(_ slot: Int) -> UInt32 { seats[masked: slot].serial }

    /// The slot behind a reference, unless another entity has taken it.
    @inline(__always)
    func slot(of reference: EntityReference) -> Int? {
        guard reference.slot >= 0, seats[masked: Int(reference.slot)].serial == reference.serial else {
            return nil
        }
        return Int(reference.slot)
    }

    private func reference(_ slot: Int) -> EntityReference {
        EntityReference(slot: Int32(slot), serial: seats[masked: slot].serial)
    }

    /// The entity with this hash, if it has a history.
    func find(_ hash: UInt64) -> EntityReference {
        histories.slot(of: hash).map { reference($0) } ?? .none
    }

    /// Likewise; gives it a history if these are not its first packet.
    mutating func enter(
        _ hash: UInt64, packets: UInt64, now: Int64, prefix: @autoclosure () -> Prefix
    ) -> EntityReference {
        if let slot = histories.slot(of: hash) { return reference(slot) }
        if packets < 2, sightings.slot(of: hash) == nil {
            sightings.put(hash, now, in: sightings.vacancy(for: hash) { sightings[$0] })
            return .none
        }
        let slot = histories.vacancy(for: hash) { histories[$0].worth(ledgers[masked: $0]) }
        histories.put(hash, History(prefix: prefix(), now: now), in: slot)
        ledgers[masked: slot] = Ledger(entered: Float(packets))
        seats[masked: slot] = Seat(serial: nextSerial)
        nextSerial &+= 1
        return reference(slot)
    }

    /// The account of what is to be added to an entity's history, and puts it on the list of those to bring up to date.
    @inline(__always)
    mutating func post(_ slot: Int, reading: UInt32, _ add: (inout Ledger) -> Void) {
        if ledgers[masked: slot].lastListed != reading {
            ledgers[masked: slot].lastListed = reading
            listed.append(Int32(slot))
        }
        add(&ledgers[masked: slot])
    }

    /// Asks for what `slot` and `row` need.
    @inline(__always)
    func prefetch(seatOf reference: EntityReference) {
        if reference.slot >= 0 { seats.prefetch(masked: Int(reference.slot)) }
    }

    /// Asks for what `post` needs.
    @inline(__always)
    func prefetch(ledgerOf reference: EntityReference) {
        if reference.slot >= 0 { ledgers.prefetch(masked: Int(reference.slot)) }
    }

    /// Asks for a history.
    @inline(__always)
    func prefetch(historyIn slot: Int) { histories.prefetch(slot) }

    /// Adds what is pending to the listed entities' sums.
    mutating func bringUpToDate(now: Int64, decays: inout Decays) {
        for index in listed.indices {
            let slot = Int(listed[index])
            if index + Self.ahead < listed.count {
                prefetch(historyIn: Int(listed[index + Self.ahead]))
                ledgers.prefetch(masked: Int(listed[index + Self.ahead]))
            }
            histories[slot].bring(to: now, adding: ledgers[masked: slot], decays: &decays)
            (ledgers[masked: slot].pending, ledgers[masked: slot].entered) = (InlineArray(repeating: 0), 0)
        }
        listed.removeAll(keepingCapacity: true)
    }

    // MARK: Rows

    /// The row of an entity among the windows of this reading; -1: it has none.
    @inline(__always)
    func row(of reference: EntityReference) -> Int {
        let seat = seats[masked: Int(reference.slot)]
        return reference.slot >= 0 && seat.serial == reference.serial ? Int(seat.row) : -1
    }

    /// Gives an entity a row, unless it has one, or another entity has taken its slot.
    ///
    /// - Returns: its slot, if it has the row now.
    @inline(__always)
    mutating func seat(_ reference: EntityReference, at row: Int) -> Int? {
        guard let slot = slot(of: reference), seats[masked: slot].row < 0 else { return nil }
        seats[masked: slot].row = Int32(truncatingIfNeeded: row)
        return slot
    }

    /// Takes the row from an entity.
    mutating func unseat(_ slot: Int) { seats[masked: slot].row = -1 }
}
