import BPF
import CSluiceABI
import Traffic

/// The sources that have nothing to prove, in the kernel.
struct KnownTable {
    private let map: BPFMap

    init(_ map: BPFMap) { self.map = map }

    /// Writes these; `isAll`: and forgets all others.
    ///
    /// Of more than there is room for, those that may begin most.
    func set(_ sources: [KnownSource], isAll: Bool) throws(BPFError) {
        var wanted: [UInt64: UInt32] = [:]
        for source in sources.sorted(by: { $0.beginnings > $1.beginnings }).prefix(Int(KNOWN_MAX)) {
            guard let key = source.prefix.shieldKey else { continue }
            wanted[key] = max(wanted[key] ?? 0, source.beginnings)
        }
        let there = Dictionary(
            try map.entries(UInt64(), KnownSourceABI()).map { ($0.key, $0.value) },
            uniquingKeysWith: { first, _ in first })
        let isFull = there.count + wanted.count > Int(KNOWN_MAX)
        let strange = isAll || isFull ? there.keys.filter { wanted[$0] == nil } : []
        if !strange.isEmpty { try map.delete(strange) }
        let new = wanted.filter { there[$0.key]?.interval != Self.interval($0.value) }
        guard !new.isEmpty else { return }
        let values = new.map {
            KnownSourceABI(interval: Self.interval($0.value), due: there[$0.key]?.due ?? 0)
        }
        try map.update(new.map(\.key), values)
    }

    /// Between beginnings, in units of 2^`FLOW_TIME_SHIFT` ns; 0 for so many that they are not told apart.
    private static func interval(_ beginnings: UInt32) -> UInt32 {
        UInt32((1_000_000_000 / UInt64(max(beginnings, 1))) >> UInt64(FLOW_TIME_SHIFT))
    }
}

extension Prefix {
    /// As `shield_source()` has it: an IPv4 address, or the first half of an IPv6 address; `nil` for wider networks, and for
    /// IPv6 networks that are nobody's (RFC 4291).
    var shieldKey: UInt64? {
        if address.isIPv4 { return isSingleAddress ? address.low & 0xffff_ffff : nil }
        return length >= 64 && address.high >> 32 != 0 ? address.high : nil
    }
}
