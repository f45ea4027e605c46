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

    init(_ maps: DatapathMaps, control: ControlBlock) throws(BPFError) {
        memory4 = try maps.gate4.mapMemory()
        memory6 = try maps.gate6.mapMemory()
        self.control = control
    }

    func open(_ bits: UInt8, for prefix: Prefix) {
        if prefix.address.isIPv4 {
            for place in Self.places4(prefix) { unsafe bytes(memory4)[place] |= bits }
        } else if let place = Self.place6(prefix) {
            unsafe bytes(memory6)[place] |= bits
        } else {
            control.addGateBits(bits)
        }
    }

    func markStale(_ prefix: Prefix) {
        if prefix.address.isIPv4 {
            stale4.formUnion(Self.places4(prefix))
        } else if let place = Self.place6(prefix) {
            stale6.insert(place)
        }
    }

    var isTidy: Bool { stale4.isEmpty && stale6.isEmpty }

    /// Closes the gate where it was left open, given all rules in force. No bit that is needed is ever absent.
    func tidy(_ rules: some Sequence<(prefix: Prefix, bits: UInt8)>) {
        var needed4 = Dictionary(uniqueKeysWithValues: stale4.map { ($0, UInt8(0)) })
        var needed6 = Dictionary(uniqueKeysWithValues: stale6.map { ($0, UInt8(0)) })
        for (prefix, bits) in rules {
            if !prefix.address.isIPv4 {
                if let place = Self.place6(prefix) { needed6[place]? |= bits }
            } else if prefix.length >= 24 || Self.places4(prefix).count < needed4.count {
                for place in Self.places4(prefix) { needed4[place]? |= bits }
            } else {
                let places = Self.places4(prefix)
                for place in stale4 where places.contains(place) { needed4[place]? |= bits }
            }
        }
        for (place, bits) in needed4 { unsafe bytes(memory4)[place] = bits }
        for (place, bits) in needed6 { unsafe bytes(memory6)[place] = bits }
        stale4 = []
        stale6 = []
    }

    private func bytes(_ memory: MappedMemory) -> UnsafeMutablePointer<UInt8> {
        unsafe memory.base.assumingMemoryBound(to: UInt8.self)
    }

    /// The /24s that an IPv4 prefix touches.
    private static func places4(_ prefix: Prefix) -> Range<Int> {
        let first = Int(prefix.address.low >> 8)
        return first..<first + (1 << max(0, 24 - prefix.length))
    }

    /// Place of an IPv6 prefix, by its first 48 or 32 bits; `nil` for shorter ones. `gate6_index()` of the program.
    private static func place6(_ prefix: Prefix) -> Int? {
        guard prefix.length >= 32 else { return nil }
        let first = UInt32(truncatingIfNeeded: prefix.address.high >> 32)
        let bits = prefix.length >= 48 ? UInt32(truncatingIfNeeded: prefix.address.high) >> 16 | 1 << 16 : 0
        let mixed = first &* 0x9E37_79B1 ^ bits &* 0x85EB_CA6B
        return Int((UInt64(mixed) &* 0xC2B2_AE35) >> 16) & (Int(GATE6_SIZE) - 1)
    }
}
