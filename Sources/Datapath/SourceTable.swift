import BPF
import CSluiceABI
import Synchronization
import Traffic

/// Rules on sources, single addresses and prefixes (`source_rules`, `source_rest`, `source_keys`).
///
/// Only the agent writes them, but for counters, through the mapping. A rule is written whole before the word that says
/// whose it is, and its place is not used again before every program that may have found it has ended.
@safe final class SourceTable {
    /// Rules that it may hold, together half its places, so that searches are short.
    let capacity: Capacity
    private(set) var count = Capacity(allow: 0, others: 0)
    private let config: ConfigABI
    private let memory: [MappedMemory]
    private let heads: UnsafeMutablePointer<RuleHeadABI>
    private let rests: UnsafeMutablePointer<RuleRestABI>
    private let keys: UnsafeMutablePointer<SourceKeyABI>
    /// Places where there is a rule, so that a pass over all rules does not read what is empty.
    private var taken: PlaceSet
    /// Those of them whose rule is of the allow-list.
    private var allowed: PlaceSet
    /// Places whose rules were removed; a program may still be at work on them.
    private var retired: [Int] = []
    private let places: Int
    private static let rereadAtOnce = 65_536
    private var nextReread = 0

    /// Takes over what the maps hold.
    init(_ maps: DatapathMaps, config: ConfigABI) throws(BPFError) {
        self.config = config
        let (heads, rests) = (try maps.sourceRules.mapMemory(), try maps.sourceRest.mapMemory())
        let keys = try maps.sourceKeys.mapMemory()
        places = maps.sourceRest.capacity
        memory = [heads, rests, keys]
        capacity = Capacity(
            allow: Int(config.allow_rules), others: Int(config.source_lines) - Int(config.allow_rules))
        unsafe self.heads = heads.base.assumingMemoryBound(to: RuleHeadABI.self)
        unsafe self.rests = rests.base.assumingMemoryBound(to: RuleRestABI.self)
        unsafe self.keys = keys.base.assumingMemoryBound(to: SourceKeyABI.self)
        taken = PlaceSet(count: places)
        allowed = PlaceSet(count: places)
        for place in (0..<places).reversed() {
            let flags = unsafe UInt32(self.heads[place].flags)
            if flags & RULE_IN_FORCE.rawValue != 0 {
                take(place)
            } else if flags != 0 {
                // The agent that retired it is gone, and so are the programs of its time.
                free(place)
            }
        }
    }

    /// How many rules of the allow-list, and how many others: bans never take the room of the allow-list.
    struct Capacity {
        var allow: Int
        var others: Int

        subscript(kind: RuleKind) -> Int {
            get { kind == .allow ? allow : others }
            set { if kind == .allow { allow = newValue } else { others = newValue } }
        }
    }

    /// Whether there is room for so many besides those that are there.
    func hasRoom(for more: Capacity) -> Bool {
        count.allow + more.allow <= capacity.allow && count.others + more.others <= capacity.others
    }

    /// - Throws: `DatapathError` when there is no room for so many.
    func checkRoom(for more: Capacity) throws(DatapathError) {
        guard !hasRoom(for: more) else { return }
        let isAllow = count.allow + more.allow > capacity.allow
        let (kind, what): (RuleKind, String) =
            isAllow ? (.allow, "entries of the allow-list") : (.manualDeny, "rules on sources")
        throw DatapathError(
            "no room for \(more[kind]) more \(what): there is for \(capacity[kind] - count[kind]), and for "
                + "\(capacity[kind]) in all; raise rule_table.slots, or name prefixes instead of addresses")
    }

    func contains(_ prefix: Prefix, _ kind: RuleKind) -> Bool {
        place(of: SourceKey(prefix, kind, config)) != nil
    }

    /// Puts a rule in force, in place of one of the same prefix and kind.
    ///
    /// - Throws: `DatapathError` when there is no room.
    func install(_ value: RuleABI, for prefix: Prefix, _ kind: RuleKind) throws {
        let key = SourceKey(prefix, kind, config)
        let old = place(of: key)
        if let old, unsafe rests[old].id == value.rest.id {
            // The same rule goes on counting. Each of these is stored whole; they need not change together: whole seconds of
            // its end before the rest, so that one that is extended is in force all the time.
            unsafe heads[old].expires = value.head.expires
            unsafe rests[old].expires_low = value.rest.expires_low
            unsafe rests[old].packet_time = value.rest.packet_time
            unsafe rests[old].byte_time = value.rest.byte_time
            unsafe heads[old].flags = value.head.flags | key.flags
            return
        }
        // Another rule begins to count at zero, in a place of its own; until the old one goes, either does.
        if old == nil {
            var one = Capacity(allow: 0, others: 0)
            one[kind] = 1
            try checkRoom(for: one)
        }
        guard let place = try freePlace(for: key) else {
            throw DatapathError("no room for rule \(value.rest.id) on \(prefix): raise rule_table.slots")
        }
        publish(value, key, at: place)
        if let old { retire(old) }
    }

    func remove(_ prefix: Prefix, _ kind: RuleKind) {
        if let place = place(of: SourceKey(prefix, kind, config)) { retire(place) }
    }

    /// Frees what was retired: to be called when every program that ran at the last removal has ended.
    func reclaim() {
        for place in retired { free(place) }
        retired.removeAll()
    }

    /// All rules, in one pass over memory.
    func forEach(_ body: (Prefix, RuleABI) -> Void) {
        taken.forEach { place in
            let rule = rule(at: place)
            body(rule.prefix, rule.value)
        }
    }

    /// Takes note of what somebody else did to the maps.
    ///
    /// What is gone is noticed at once; what is new, when its place is read again: so many at a time.
    func reread() {
        taken.forEach { place in
            guard !isInForce(place) else { return }
            leave(place)
            // Searches go on behind it, as when the agent removes a rule.
            unsafe word(place).pointee.store(Self.removed, ordering: .relaxed)
        }
        let end = min(nextReread + Self.rereadAtOnce, places)
        for place in nextReread..<end
        where !taken.contains(place) && isInForce(place) && !retired.contains(place) {
            let rule = rule(at: place)
            if self.place(of: SourceKey(rule.prefix, RuleKind(rule.value), config)) == place {
                take(place)
            } else {
                // No search finds it.
                unsafe word(place).pointee.store(Self.removed, ordering: .relaxed)
            }
        }
        nextReread = end < places ? end : 0
    }

    // MARK: Places

    private func isInForce(_ place: Int) -> Bool {
        unsafe UInt32(heads[place].flags) & RULE_IN_FORCE.rawValue != 0
    }

    private func rule(at place: Int) -> (prefix: Prefix, value: RuleABI) {
        let head = unsafe heads[place]
        let isIPv4 = UInt32(head.flags) & RULE_IPV6.rawValue == 0
        let words = isIPv4 ? (0, 0, 0, head.key) : unsafe keys[place].addr
        return (
            Prefix(Address(words: words, isIPv4: isIPv4), length: Int(head.length)),
            RuleABI(head: head, rest: unsafe rests[place])
        )
    }

    private func take(_ place: Int) {
        taken.insert(place)
        if unsafe UInt32(heads[place].flags) & RULE_ALLOW.rawValue != 0 {
            allowed.insert(place)
            count.allow += 1
        } else {
            count.others += 1
        }
    }

    private func publish(_ value: RuleABI, _ key: SourceKey, at place: Int) {
        if !key.isIPv4 { unsafe keys[place].addr = key.address }
        unsafe rests[place] = value.rest
        unsafe heads[place] = value.head
        // Whoever sees whose rule it is sees the rule.
        unsafe word(place).pointee.store(key.word | UInt64(value.head.flags) << 16, ordering: .releasing)
        take(place)
    }

    private func leave(_ place: Int) {
        taken.remove(place)
        if allowed.contains(place) {
            allowed.remove(place)
            count.allow -= 1
        } else {
            count.others -= 1
        }
    }

    private func retire(_ place: Int) {
        unsafe word(place).pointee.store(Self.retired, ordering: .relaxed)
        leave(place)
        retired.append(place)
    }

    /// Lets others have a place.
    ///
    /// Searches go on behind it, unless there is nothing.
    private func free(_ place: Int) {
        let isLast = unsafe word(place + 1).pointee.load(ordering: .relaxed) == 0
        unsafe word(place).pointee.store(isLast ? 0 : Self.removed, ordering: .relaxed)
        var place = place
        while isLast, place > 0, unsafe word(place - 1).pointee.load(ordering: .relaxed) == Self.removed {
            place -= 1
            unsafe word(place).pointee.store(0, ordering: .relaxed)
        }
    }

    private static let retired = UInt64(RULE_RETIRED.rawValue) << 16
    private static let removed = UInt64(RULE_REMOVED.rawValue) << 16

    /// Owner, flags, length and key of the rule at a place, which change together.
    private func word(_ place: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        let last = MemoryLayout<RuleHeadABI>.stride / 8 - 1
        return unsafe UnsafeMutableRawPointer(heads + place).assumingMemoryBound(to: Atomic<UInt64>.self)
            + last
    }

    // MARK: Search

    private func place(of key: SourceKey) -> Int? {
        for place in key.places {
            let found = unsafe word(place).pointee.load(ordering: .relaxed)
            if found == 0 { return nil }
            if found & SourceKey.mask == key.word, unsafe key.isIPv4 || keys[place].addr == key.address {
                return place
            }
        }
        return nil
    }

    /// The first place where the key's rule may be put.
    private func freePlace(for key: SourceKey) throws -> Int? {
        func firstFree() -> Int? {
            key.places.first { place in
                let found = unsafe word(place).pointee.load(ordering: .relaxed)
                return found == 0 || found == Self.removed
            }
        }
        if let place = firstFree() { return place }
        guard !retired.isEmpty else { return nil }
        try Machine.waitForRunningPrograms()
        reclaim()
        return firstFree()
    }
}

/// A key of the table, and where its rule may stand.
struct SourceKey {
    /// What of a rule's last word says whose it is: `SOURCE_MASK`.
    static let mask = word(
        RULE_ALLOW.rawValue | RULE_MANUAL.rawValue | RULE_LIMIT.rawValue | RULE_IPV6.rawValue
            | RULE_IN_FORCE.rawValue, .max, .max)

    let isIPv4: Bool
    /// As it stands in `source_keys`.
    let address: (UInt32, UInt32, UInt32, UInt32)
    /// Those of its rule's flags that say that it is in force, and for which family.
    let flags: UInt8
    let word: UInt64
    let places: Range<Int>

    /// As `source4_find()` and `source6_find()` have it.
    init(_ prefix: Prefix, _ kind: RuleKind, _ config: ConfigABI) {
        let words = prefix.address.words
        isIPv4 = prefix.address.isIPv4
        address = words
        let length = UInt32(prefix.length)
        let hash =
            isIPv4
            ? Self.hash4(words.3, length, config.hash_keys) : Self.hash6(words, length, config.hash_keys)
        let tag = isIPv4 ? words.3 : UInt32(truncatingIfNeeded: hash ^ hash >> 32)
        let family = RULE_IN_FORCE.rawValue | (isIPv4 ? 0 : RULE_IPV6.rawValue)
        flags = UInt8(family)
        word = Self.word(family | kind.flags, UInt8(prefix.length), tag)
        let home = Int(((hash >> 32) &* UInt64(config.source_lines)) >> 32) * Int(SOURCE_LINE)
        places = home..<home + Int(SOURCE_PROBES)
    }

    /// `SOURCE_WORD`.
    private static func word(_ flags: UInt32, _ length: UInt8, _ key: UInt32) -> UInt64 {
        UInt64(key) << 32 | UInt64(length) << 24 | UInt64(flags) << 16
    }

    private typealias Keys = (
        UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32
    )

    /// `source_hash4()`.
    private static func hash4(_ address: UInt32, _ length: UInt32, _ keys: Keys) -> UInt64 {
        let factor = UInt64(keys.0) << 32 | UInt64(keys.1) | 1
        let value = UInt64(32 - length) << 32 | UInt64(address)
        let product = factor &* value &+ (UInt64(keys.2) << 32 | UInt64(keys.3))
        return (product ^ product >> 32) &* 0xBF58_476D_1CE4_E5B9
    }

    /// `source_hash6()`.
    private static func hash6(
        _ words: (UInt32, UInt32, UInt32, UInt32), _ length: UInt32, _ keys: Keys
    ) -> UInt64 {
        var x = UInt64(words.0 &+ keys.0) &* UInt64(words.1 &+ keys.1)
        x &+= UInt64(words.2 &+ keys.2) &* UInt64(words.3 &+ keys.3)
        x &+= UInt64(length &+ keys.4) &* UInt64(keys.5)
        x ^= x >> 30
        x &*= 0xBF58_476D_1CE4_E5B9
        x ^= x >> 27
        x &*= 0x94D0_49BB_1331_11EB
        return x ^ x >> 31
    }
}
