import Traffic

/// The entities of one view that have a history, and those that were seen just once.
struct EntityTable: ~Copyable {
    private var histories: BoundedTable<History>
    /// By slot of the histories.
    private var accounts: Slots<Account>
    private var ledgers: Slots<Ledger>
    /// Entities seen with one packet so far, with the time.
    private var sightings: BoundedTable<Int64>
    private var nextSerial: UInt32 = 1
    /// Slots of entities to bring up to date at the end of this reading.
    private var listed: [Int32] = []
    /// Slots of entities with traffic in the newest reading, in the order in which it came.
    private(set) var active: [Int32] = []

    /// So many histories are asked for ahead of their turn, and four times as many accounts, which are a quarter as large.
    private static var ahead: Int { 8 }

    /// What each flow adds to: one cache line.
    struct Account {
        /// Names this occupation of the slot.
        var serial: UInt32 = 0
        /// Number of the entity's entries in the window, and where the next one is to be placed (-1: it gets no window).
        var entries: Int32 = 0
        var place: Int32 = -1
        /// Whether the slot is on the list of those to bring up to date, and whether the ledger has something, too.
        var isListed = false
        var hasLedger = false
        /// Whether it is on the list of those with traffic in the newest reading.
        var isActive = false
        /// It is there without traffic in the newest reading.
        var isSilent = false
        /// Packets and bytes of the entries in the window.
        var volume = SIMD2<UInt64>()
        /// Bytes and resets that came back in the window.
        var returned = SIMD2<UInt64>()
        /// To be added to the history, as the first quantities of it.
        var pending = SIMD4<Float>()
    }

    init(capacity: Int) {
        let nobody = History(prefix: Prefix(Address(ipv4: 0)), now: 0)
        histories = BoundedTable(capacity: capacity, empty: nobody)
        accounts = Slots(repeating: Account(), atLeast: histories.capacity)
        ledgers = Slots(repeating: Ledger(), atLeast: histories.capacity)
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

    /// The account of the entity in a slot.
    subscript(accountIn slot: Int) -> Account {
        @inline(__always) _read { yield accounts[masked: slot] }
        @inline(__always) _modify { yield &accounts[masked: slot] }
    }

    /// The slot behind a reference, unless another entity has taken it.
    @inline(__always)
    func slot(of reference: EntityReference) -> Int? {
        let slot = Int(reference.slot)
        return slot >= 0 && accounts[masked: slot].serial == reference.serial ? slot : nil
    }

    private func reference(_ slot: Int) -> EntityReference {
        EntityReference(slot: Int32(slot), serial: accounts[masked: slot].serial)
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
        let slot = histories.vacancy(for: hash) { slot in
            // What is pending is of the window, too.
            histories[slot].worth(Float(accounts[masked: slot].volume.x))
        }
        histories.put(hash, History(prefix: prefix(), now: now), in: slot)
        // The lists have the slot, whoever is in it.
        accounts[masked: slot] = Account(
            serial: nextSerial, isListed: accounts[masked: slot].isListed,
            isActive: accounts[masked: slot].isActive, isSilent: accounts[masked: slot].isSilent)
        ledgers[masked: slot] = Ledger()
        nextSerial &+= 1
        return reference(slot)
    }

    /// Adds to what is pending of a quantity that few flows have.
    mutating func post(_ slot: Int, _ quantity: History.Quantity, _ amount: Float) {
        ledgers[masked: slot].pending[quantity.rawValue] += amount
        accounts[masked: slot].hasLedger = true
        list(slot)
    }

    @inline(__always)
    private mutating func list(_ slot: Int) {
        guard !accounts[masked: slot].isListed else { return }
        accounts[masked: slot].isListed = true
        listed.append(Int32(truncatingIfNeeded: slot))
    }

    /// Asks for an account ahead of its use.
    @inline(__always)
    func prefetch(_ reference: EntityReference) { accounts.prefetch(masked: Int(reference.slot)) }

    @inline(__always)
    func prefetch(accountIn slot: Int32) { accounts.prefetch(masked: Int(slot)) }

    /// Asks for a history.
    @inline(__always)
    func prefetch(historyIn slot: Int) { histories.prefetch(slot) }

    /// Adds what is pending to the listed entities' sums.
    mutating func bringUpToDate(now: Int64, decays: inout Decays) {
        for index in listed.indices {
            let slot = Int(listed[index])
            prefetch(historyIn: Int(listed[min(index + Self.ahead, listed.count - 1)]))
            prefetch(accountIn: listed[min(index + 4 * Self.ahead, listed.count - 1)])
            var pending = SIMD16<Float>()
            if accounts[masked: slot].hasLedger {
                pending = ledgers[masked: slot].pending
                ledgers[masked: slot] = Ledger()
                accounts[masked: slot].hasLedger = false
            }
            pending.lowHalf.lowHalf += accounts[masked: slot].pending
            histories[slot].bring(to: now, adding: pending, decays: &decays)
            accounts[masked: slot].pending = SIMD4()
            accounts[masked: slot].isListed = false
        }
        listed.removeAll(keepingCapacity: true)
    }

    // MARK: The window

    /// Counts an entry of the newest reading, and what came back with it, in the window and for the history.
    @inline(__always)
    mutating func count(_ slot: Int, _ traffic: EntryTraffic, back: EntryTraffic = EntryTraffic()) {
        accounts[masked: slot].entries &+= 1
        accounts[masked: slot].volume &+= SIMD2(traffic.packets, traffic.bytes)
        accounts[masked: slot].returned &+= SIMD2(back.bytes, back.resets)
        accounts[masked: slot].pending += SIMD4(
            Float(traffic.packets), Float(traffic.bytes), Float(back.bytes), 0)
        accounts[masked: slot].isSilent = false
        guard !accounts[masked: slot].isActive else { return }
        accounts[masked: slot].isActive = true
        active.append(Int32(truncatingIfNeeded: slot))
        list(slot)
    }

    /// Has an entity judged at this reading, whether it has traffic in it or not.
    mutating func wake(_ slot: Int) {
        guard !accounts[masked: slot].isActive else { return }
        accounts[masked: slot].isActive = true
        accounts[masked: slot].isSilent = true
        active.append(Int32(truncatingIfNeeded: slot))
        list(slot)
    }

    /// Counts what came back.
    @inline(__always)
    mutating func count(_ slot: Int, back: EntryTraffic) {
        accounts[masked: slot].returned &+= SIMD2(back.bytes, back.resets)
        accounts[masked: slot].pending += SIMD4(0, 0, Float(back.bytes), 0)
        list(slot)
    }

    /// Takes an entry that leaves the window, and what came back, out of its sums.
    @inline(__always)
    mutating func discount(
        _ reference: EntityReference, _ traffic: EntryTraffic, back: EntryTraffic = EntryTraffic()
    ) {
        guard let slot = slot(of: reference) else { return }
        accounts[masked: slot].entries &-= 1
        accounts[masked: slot].volume &-= SIMD2(traffic.packets, traffic.bytes)
        accounts[masked: slot].returned &-= SIMD2(back.bytes, back.resets)
    }

    /// Likewise what came back alone.
    @inline(__always)
    mutating func discount(_ reference: EntityReference, back: EntryTraffic) {
        guard let slot = slot(of: reference) else { return }
        accounts[masked: slot].returned &-= SIMD2(back.bytes, back.resets)
    }

    /// The place of the entity's next entry; -1: none.
    @inline(__always)
    mutating func place(_ reference: EntityReference) -> Int {
        guard let slot = slot(of: reference) else { return -1 }
        let place = accounts[masked: slot].place
        // Without a jump, of which half would be guessed wrong.
        accounts[masked: slot].place = place &+ (place < 0 ? 0 : 1)
        return Int(place)
    }

    /// Ends the reading: nobody has traffic in the next one yet.
    mutating func rest() {
        for slot in active {
            accounts[masked: Int(slot)].isActive = false
            accounts[masked: Int(slot)].isSilent = false
            accounts[masked: Int(slot)].place = -1
        }
        active.removeAll(keepingCapacity: true)
    }
}
