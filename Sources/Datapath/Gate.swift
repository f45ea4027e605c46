import BPF
import CSluiceABI
import Traffic

/// The gate in front of the rule maps: bytes that say which maps may know a source (`enum gate_bit`).
///
/// Bits are set before a rule goes in. After rules were removed, bits may stand that nobody needs: they cost the program a
/// look-up, no more, and `tidy` takes them away.
@safe final class Gate {
    private let memory4: MappedMemory
    private let memory6: MappedMemory
    private let control: ControlBlock
    /// Places where a rule was removed.
    private var stale4: Set<Int> = []
    private var stale6: Set<Int> = []
    private var isAllStale = false

    init(_ maps: DatapathMaps, control: ControlBlock) throws(BPFError) {
        memory4 = try maps.gate4.mapMemory()
        memory6 = try maps.gate6.mapMemory()
        self.control = control
    }

    func open(_ bits: UInt8, for prefix: Prefix) {
        switch Self.places(prefix) {
        case .all: control.gateBits |= bits
        case .ipv4(let places): for place in places { unsafe bytes(memory4)[place] |= bits }
        case .ipv6(let place): unsafe bytes(memory6)[place] |= bits
        }
    }

    func markStale(_ prefix: Prefix) {
        switch Self.places(prefix) {
        case .all: isAllStale = true
        case .ipv4(let places): stale4.formUnion(places)
        case .ipv6(let place): stale6.insert(place)
        }
    }

    var isTidy: Bool { stale4.isEmpty && stale6.isEmpty && !isAllStale }

    /// Closes the gate where it was left open, given all rules in force.
    ///
    /// No bit that is needed is ever absent.
    func tidy(_ rules: some Sequence<(prefix: Prefix, bits: UInt8)>) {
        var needed4 = Dictionary(uniqueKeysWithValues: stale4.map { ($0, UInt8(0)) })
        var needed6 = Dictionary(uniqueKeysWithValues: stale6.map { ($0, UInt8(0)) })
        var neededByAll: UInt8 = 0
        for (prefix, bits) in rules {
            switch Self.places(prefix) {
            case .all: neededByAll |= bits
            case .ipv4(let places):
                if places.count < stale4.count {
                    for place in places { needed4[place]? |= bits }
                } else {
                    for place in stale4 where places.contains(place) { needed4[place]? |= bits }
                }
            case .ipv6(let place): needed6[place]? |= bits
            }
        }
        for (place, bits) in needed4 { unsafe bytes(memory4)[place] = bits }
        for (place, bits) in needed6 { unsafe bytes(memory6)[place] = bits }
        control.gateBits = neededByAll
        stale4 = []
        stale6 = []
        isAllStale = false
    }

    private func bytes(_ memory: MappedMemory) -> UnsafeMutablePointer<UInt8> {
        unsafe memory.base.assumingMemoryBound(to: UInt8.self)
    }

    /// Bytes of the gate that stand for the addresses of a prefix.
    private enum Places {
        /// So many that a word for all addresses says it.
        case all
        case ipv4(Range<Int>)
        case ipv6(Int)
    }

    /// The /24s that an IPv4 prefix touches; the class of an IPv6 prefix's first 48 or 32 bits, as `gate6_index()` has it.
    private static func places(_ prefix: Prefix) -> Places {
        if prefix.address.isIPv4 {
            guard prefix.length >= 8 else { return .all }
            let first = Int(prefix.address.low >> 8)
            return .ipv4(first..<first + (1 << max(0, 24 - prefix.length)))
        }
        guard prefix.length >= 32 else { return .all }
        let first = UInt32(truncatingIfNeeded: prefix.address.high >> 32)
        let bits = prefix.length >= 48 ? UInt32(truncatingIfNeeded: prefix.address.high) >> 16 | 1 << 16 : 0
        let mixed = first &* 0x9E37_79B1 ^ bits &* 0x85EB_CA6B
        return .ipv6(Int((UInt64(mixed) &* 0xC2B2_AE35) >> 16) & (Int(GATE6_SIZE) - 1))
    }
}
