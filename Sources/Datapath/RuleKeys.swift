import CSluiceABI
import Traffic

// Rules and addresses as the kernel's maps spell them: addresses in network order.

/// What a rule does, and who made it: `enum rule_kind`.
///
/// Each kind has rules of its own on the same match, and precedence is their order.
enum RuleKind: UInt32, CaseIterable {
    case allow, manualDeny, automaticDeny, manualProve, automaticProve, manualLimit, automaticLimit

    init(_ rule: Rule) {
        self =
            switch (rule.action, rule.origin) {
            case (.allow, _): .allow
            case (.deny, .manual): .manualDeny
            case (.deny, .automatic): .automaticDeny
            case (.prove, .manual): .manualProve
            case (.prove, .automatic): .automaticProve
            case (.limit, .manual): .manualLimit
            case (.limit, .automatic): .automaticLimit
            }
    }

    /// The kind of a scope's value.
    init(_ value: ScopeRuleABI) {
        let flags = UInt32(value.rule.head.flags)
        guard flags & RULE_PROVE.rawValue != 0 else {
            self.init(value.rule)
            return
        }
        self = flags & RULE_MANUAL.rawValue != 0 ? .manualProve : .automaticProve
    }

    /// The kind of the value of a rule on a source.
    init(_ value: RuleABI) {
        let flags = UInt32(value.head.flags)
        let isManual = flags & RULE_MANUAL.rawValue != 0
        if flags & RULE_ALLOW.rawValue != 0 {
            self = .allow
        } else if flags & RULE_LIMIT.rawValue != 0 {
            self = isManual ? .manualLimit : .automaticLimit
        } else {
            self = isManual ? .manualDeny : .automaticDeny
        }
    }

    /// Those of a rule's flags that say of which kind it is: `kind_flags()`.
    var flags: UInt32 {
        switch self {
        case .allow: RULE_ALLOW.rawValue | RULE_MANUAL.rawValue
        case .manualDeny: RULE_MANUAL.rawValue
        case .automaticDeny: 0
        case .manualProve: RULE_MANUAL.rawValue | RULE_PROVE.rawValue
        case .automaticProve: RULE_PROVE.rawValue
        case .manualLimit: RULE_MANUAL.rawValue | RULE_LIMIT.rawValue
        case .automaticLimit: RULE_LIMIT.rawValue
        }
    }

    /// The gate's bit for rules of this kind on a prefix; 0 for those that stand in scopes only.
    func gateBit(_ prefix: Prefix) -> UInt8 {
        let isExact = prefix.isSingleAddress
        let bit =
            switch self {
            case .manualProve, .automaticProve: gate_bit(0)
            case .allow: isExact ? GATE_ALLOW_EXACT : GATE_ALLOW_PREFIX
            case .manualDeny: isExact ? GATE_MANUAL_EXACT : GATE_MANUAL_PREFIX
            case .automaticDeny: isExact ? GATE_AUTOMATIC_EXACT : GATE_AUTOMATIC_PREFIX
            case .manualLimit, .automaticLimit: isExact ? GATE_LIMIT_EXACT : GATE_LIMIT_PREFIX
            }
        return UInt8(bit.rawValue)
    }
}

/// What tells one rule from another in the kernel: its kind, and whom it is for.
struct RulePlace: Hashable {
    var kind: RuleKind
    var match: Rule.Match

    init(kind: RuleKind, match: Rule.Match) {
        self.kind = kind
        self.match = match
    }

    init(_ rule: Rule) { self.init(kind: RuleKind(rule), match: rule.match) }
}

extension Address {
    /// Four words in network order; IPv4 in the last, the others zero.
    var words: (UInt32, UInt32, UInt32, UInt32) {
        (
            UInt32(truncatingIfNeeded: high >> 32).bigEndian, UInt32(truncatingIfNeeded: high).bigEndian,
            UInt32(truncatingIfNeeded: low >> 32).bigEndian, UInt32(truncatingIfNeeded: low).bigEndian
        )
    }

    init(words: (UInt32, UInt32, UInt32, UInt32), isIPv4: Bool) {
        if isIPv4 {
            self.init(ipv4: UInt32(bigEndian: words.3))
            return
        }
        self.init(
            ipv6High: UInt64(UInt32(bigEndian: words.0)) << 32 | UInt64(UInt32(bigEndian: words.1)),
            low: UInt64(UInt32(bigEndian: words.2)) << 32 | UInt64(UInt32(bigEndian: words.3)))
    }
}

extension Prefix {
    /// The class of an IPv6 prefix by its first 48 or 32 bits, as `gate6_index()` has it; `nil` if it lies in many.
    var gate6Class: Int? {
        guard length >= 32 else { return nil }
        let first = UInt32(truncatingIfNeeded: address.high >> 32)
        let bits = length >= 48 ? UInt32(truncatingIfNeeded: address.high) >> 16 | 1 << 16 : 0
        let mixed = first &* 0x9E37_79B1 ^ bits &* 0x85EB_CA6B
        return Int((UInt64(mixed) &* 0xC2B2_AE35) >> 16) & (Int(GATE6_SIZE) - 1)
    }
}

extension Rule.Scope {
    var level: scope_level { `protocol` == nil ? SCOPE_ADDRESS : port == nil ? SCOPE_PROTOCOL : SCOPE_PORT }

    init(_ key: ScopeKeyABI) {
        let isIPv4 = key.family == 4
        let length = Int(key.length) - Int(SCOPE_BITS)
        // An IPv4 source stands in the first word, where prefixes begin.
        let source = isIPv4 ? (0, 0, 0, key.saddr.0) : key.saddr
        self.init(
            destination: Address(words: key.daddr, isIPv4: isIPv4),
            protocol: UInt32(key.level) >= SCOPE_PROTOCOL.rawValue
                ? IPProtocol(rawValue: key.protocol) : nil,
            port: UInt32(key.level) >= SCOPE_PORT.rawValue ? UInt16(bigEndian: key.dport) : nil,
            source: length == 0 ? nil : Prefix(Address(words: source, isIPv4: isIPv4), length: length))
    }
}

extension ScopeKeyABI {
    init(_ scope: Rule.Scope, kind: RuleKind) {
        let source = scope.source?.address.words ?? (0, 0, 0, 0)
        self.init(
            length: UInt32(SCOPE_BITS) + UInt32(scope.source?.length ?? 0), kind: UInt8(kind.rawValue),
            level: UInt8(scope.level.rawValue), family: scope.destination.isIPv4 ? 4 : 6,
            protocol: scope.protocol?.rawValue ?? 0, dport: (scope.port ?? 0).bigEndian, pad: 0,
            daddr: scope.destination.words,
            saddr: scope.destination.isIPv4 ? (source.3, 0, 0, 0) : source)
    }
}

extension Rule {
    /// Less than this is less than one frame of full size.
    private static let leastBytes: UInt64 = 1000

    /// Refuses what the kernel would not look up, or would make something else of than was meant.
    func check() throws(DatapathError) {
        if case .limit(let rate) = action, let bytes = rate.bytes, bytes < Self.leastBytes {
            throw DatapathError(
                "rule \(id) cannot be installed: a limit must let at least \(Self.leastBytes) bytes a second pass"
            )
        }
        guard case .scope(let scope) = match else {
            guard case .prove = action else { return }
            throw DatapathError("rule \(id) cannot be installed: what must be proven is for one destination")
        }
        let problem: String
        if case .prove = action, let wanted = scope.protocol, wanted != .tcp {
            problem = "only TCP has beginnings that can be asked"
        } else if action == .allow {
            problem = "the allow-list is of sources"
        } else if scope.port != nil, scope.protocol == nil {
            problem = "one for a port needs a protocol"
        } else if let source = scope.source, source.address.isIPv4 != scope.destination.isIPv4 {
            problem = "\(source) cannot send to it"
        } else {
            return
        }
        throw DatapathError(
            "rule \(id) on what goes to \(scope.destination) cannot be installed: \(problem)")
    }
}

extension ScopeRuleABI {
    /// The value of a rule that ends at `expires` on the monotonic clock, in nanoseconds; 0: never.
    init(_ rule: Rule, expires: UInt64) {
        self.init()
        self.rule = RuleABI(rule, expires: expires)
    }

    /// Takes over what an earlier value of the same rule has counted.
    mutating func carryOver(_ old: ScopeRuleABI) {
        rule.carryOver(old.rule)
        challenge = old.challenge
    }

    /// Whether a value does what this one does, whatever their ends and counters.
    func doesTheSame(as other: ScopeRuleABI) -> Bool {
        let said = UInt8(RULE_PROVE.rawValue | RULE_SILENT.rawValue)
        return rule.head.flags & said == other.rule.head.flags & said && rule.doesTheSame(as: other.rule)
    }

    /// What it counted beside what it dropped; `nil` where nothing has to be proven.
    var counted: Challenge? {
        guard UInt32(rule.head.flags) & RULE_PROVE.rawValue != 0 else { return nil }
        var counted = Challenge()
        counted.challenged = rule.dropped.packets
        counted.proven = challenge.proven
        counted.retransmitted = challenge.retransmitted
        counted.overBudget = challenge.over_budget
        counted.wrong = challenge.wrong
        counted.unanswered = challenge.unanswered
        return counted
    }
}

extension RuleABI {
    /// The value of a rule that ends at `expires` on the monotonic clock, in nanoseconds; 0: never.
    init(_ rule: Rule, expires: UInt64) {
        self.init()
        // Never, also when it would end after 146 years.
        head.expires = expires == 0 ? EXPIRES_NEVER : UInt32(clamping: expires >> UInt64(EXPIRY_SHIFT))
        rest.expires_low = UInt32(expires & (1 << UInt64(EXPIRY_SHIFT) - 1))
        rest.id = rule.id
        head.flags = UInt8(RuleKind(rule).flags)
        if rule.isShadowed { head.flags |= UInt8(RULE_SHADOW.rawValue) }
        if case .prove(let proof) = rule.action {
            if !proof.asks { head.flags |= UInt8(RULE_SILENT.rawValue) }
            rest.packet_time = 1_000_000_000 / max(proof.beginnings, 1)
            rest.byte_time = 1_000_000_000 / max(proof.retransmissions, 1)
        }
        if case .limit(let rate) = rule.action {
            if rate.isConfined {
                rest.packet_time = UInt32(LIMIT_CONFINES)
            } else if let packets = rate.packets {
                rest.packet_time = max(1_000_000_000 / packets, 1)
            }
            if let bytes = rate.bytes {
                rest.byte_time = UInt32(
                    clamping: max((1_000_000_000 << UInt64(BYTE_TIME_SHIFT)) / max(bytes, 1), 1))
            }
        }
        switch rule.match {
        case .source(let prefix): head.length = UInt8(prefix.length)
        case .scope(let scope): head.length = UInt8(scope.source?.length ?? 0)
        }
    }

    /// Takes over what an earlier value of the same rule has counted.
    mutating func carryOver(_ old: RuleABI) {
        head.last_hit = old.head.last_hit
        head.own = old.head.own
        head.owner = old.head.owner
        rest.shared = old.rest.shared
    }

    /// Whether a value does what this one does, whatever their ends and counters.
    func doesTheSame(as other: RuleABI) -> Bool {
        // The table of sources keeps two bits of its own beside.
        let said = UInt8(
            RULE_SHADOW.rawValue | RULE_MANUAL.rawValue | RULE_LIMIT.rawValue | RULE_ALLOW.rawValue)
        return head.flags & said == other.head.flags & said && head.length == other.head.length
            && rest.packet_time == other.rest.packet_time && rest.byte_time == other.rest.byte_time
    }

    var dropped: Count {
        // A limit's state stands where others count.
        let own = UInt32(head.flags) & RULE_LIMIT.rawValue != 0 ? (0, 0) : head.own
        return Count(packets: own.0 &+ rest.shared.0, bytes: own.1 &+ rest.shared.1)
    }
}
