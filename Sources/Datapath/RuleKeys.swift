import CSluiceABI
import Traffic

// Rules and addresses as the kernel's maps spell them: addresses in network order.

extension Address {
    /// Four words in network order; IPv4 in the last, the others zero.
    var words: (UInt32, UInt32, UInt32, UInt32) {
        (
            UInt32(truncatingIfNeeded: high >> 32).bigEndian, UInt32(truncatingIfNeeded: high).bigEndian,
            UInt32(truncatingIfNeeded: low >> 32).bigEndian, UInt32(truncatingIfNeeded: low).bigEndian
        )
    }

    init(ipv6Words words: (UInt32, UInt32, UInt32, UInt32)) {
        self.init(
            ipv6High: UInt64(UInt32(bigEndian: words.0)) << 32 | UInt64(UInt32(bigEndian: words.1)),
            low: UInt64(UInt32(bigEndian: words.2)) << 32 | UInt64(UInt32(bigEndian: words.3)))
    }
}

extension Prefix {
    var exact4: UInt32 { UInt32(truncatingIfNeeded: address.low).bigEndian }
    var exact6: Exact6KeyABI { Exact6KeyABI(addr: address.words, length: UInt32(length)) }
    var prefix4: Prefix4KeyABI { Prefix4KeyABI(length: UInt32(length), addr: exact4) }
    var prefix6: Prefix6KeyABI { Prefix6KeyABI(length: UInt32(length), addr: address.words) }

    init(_ exact4: UInt32) { self.init(Address(ipv4: UInt32(bigEndian: exact4))) }

    init(_ key: Exact6KeyABI) { self.init(Address(ipv6Words: key.addr), length: Int(key.length)) }

    init(_ key: Prefix4KeyABI) {
        self.init(Address(ipv4: UInt32(bigEndian: key.addr)), length: Int(key.length))
    }

    init(_ key: Prefix6KeyABI) { self.init(Address(ipv6Words: key.addr), length: Int(key.length)) }
}

extension ScopeKeyABI {
    init(_ scope: Rule.Scope) {
        self.init(
            daddr: scope.destination.words, dport: (scope.port ?? 0).bigEndian,
            protocol: scope.protocol?.rawValue ?? 0, family: scope.destination.isIPv4 ? 4 : 6)
    }
}

extension Rule {
    /// Refuses what the kernel would not look up, or would make more of than was meant.
    func check() throws(DatapathError) {
        if case .limit(let rate) = action, rate.bytes != nil {
            throw DatapathError("rule \(id) cannot be installed: limits are by packets only")
        }
        guard case .scope(let scope) = match else { return }
        guard case .limit = action, scope.port == nil || scope.protocol != nil, scope.source == nil else {
            throw DatapathError(
                "rule \(id) on what goes to \(scope.destination) cannot be installed: by destination there are "
                    + "limits only, for all sources, and one with a port needs a protocol")
        }
    }
}

extension RuleABI {
    /// The value of a rule that ends at `expires` on the monotonic clock, in nanoseconds; 0: never.
    init(_ rule: Rule, expires: UInt64) {
        self.init()
        self.expires = expires
        id = rule.id
        if rule.isShadowed { flags |= UInt8(RULE_SHADOW.rawValue) }
        if rule.origin == .manual { flags |= UInt8(RULE_MANUAL.rawValue) }
        if case .limit(let rate) = rule.action, let packetsPerSecond = rate.packets {
            interval = max(1_000_000_000 / max(packetsPerSecond, 1), 1)
        }
        if case .source(let prefix) = rule.match { length = UInt8(prefix.length) }
    }

    /// Takes over what an earlier value of the same rule has counted.
    mutating func carryOver(_ old: RuleABI) {
        last_hit = old.last_hit
        packets = old.packets
        bytes = old.bytes
        shared_packets = old.shared_packets
        shared_bytes = old.shared_bytes
        arrival = old.arrival
        owner = old.owner
    }

    var dropped: Count { Count(packets: packets + shared_packets, bytes: bytes + shared_bytes) }
}
