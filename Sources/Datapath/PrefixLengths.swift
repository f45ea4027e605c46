import BPF
import CSluiceABI
import Traffic

/// Lengths of the prefixes that may hold a source: the words that tell the program which to look for.
///
/// Bits are set before a rule goes in. After rules were removed, bits may stand that nobody needs: they cost the program a
/// look-up, no more, and `close` takes them away. Like the gate's, the maps are in memory only while they are written.
@safe final class PrefixLengths {
    private let maps: DatapathMaps
    private var memory4: MappedMemory?
    private var memory6: MappedMemory?
    /// Whether there may be bits that no rule needs.
    private var isStale = false

    init(_ maps: DatapathMaps) { self.maps = maps }

    /// Call `rest` after the last of several.
    func open(_ prefix: Prefix) throws(BPFError) {
        guard let words = Words(prefix) else { return }
        let (words4, words6) = unsafe (try words4(), try words6())
        for place in words.places {
            if words.isIPv4 {
                unsafe words4[place] |= UInt32(truncatingIfNeeded: words.bits.low)
            } else {
                unsafe words6[place].open.0 |= words.bits.low
                unsafe words6[place].open.1 |= words.bits.high
            }
        }
    }

    /// Gives the memory back.
    func rest() {
        memory4 = nil
        memory6 = nil
    }

    func markStale(_ prefix: Prefix) { if !prefix.isSingleAddress { isStale = true } }

    /// Clears what none of these, which are the prefixes of all rules in force, needs.
    ///
    /// No bit that is needed is ever absent.
    func close(except prefixes: some Sequence<Prefix>) throws(BPFError) {
        guard isStale else { return }
        defer { rest() }
        var needed4 = [UInt32](repeating: 0, count: Int(LENGTHS4_SIZE))
        var needed6 = [Lengths6ABI](repeating: Lengths6ABI(), count: Int(GATE6_SIZE))
        for words in prefixes.lazy.compactMap(Words.init) {
            for place in words.places {
                if words.isIPv4 {
                    needed4[place] |= UInt32(truncatingIfNeeded: words.bits.low)
                } else {
                    needed6[place].open.0 |= words.bits.low
                    needed6[place].open.1 |= words.bits.high
                }
            }
        }
        let (words4, words6) = unsafe (try words4(), try words6())
        for place in needed4.indices { unsafe words4[place] = needed4[place] }
        for place in needed6.indices { unsafe words6[place] = needed6[place] }
        isStale = false
    }

    private func words4() throws(BPFError) -> UnsafeMutablePointer<UInt32> {
        let memory: MappedMemory
        if let memory4 { memory = memory4 } else { memory = try maps.lengths4.mapMemory() }
        memory4 = memory
        return unsafe memory.base.assumingMemoryBound(to: UInt32.self)
    }

    private func words6() throws(BPFError) -> UnsafeMutablePointer<Lengths6ABI> {
        let memory: MappedMemory
        if let memory6 { memory = memory6 } else { memory = try maps.lengths6.mapMemory() }
        memory6 = memory
        return unsafe memory.base.assumingMemoryBound(to: Lengths6ABI.self)
    }

    /// A prefix's bits, and the words that they stand in.
    private struct Words {
        let isIPv4: Bool
        let places: Range<Int>
        let bits: (low: UInt64, high: UInt64)

        /// As `lengths4_of()` and `prefix6_decides()` have it; `nil` for a single address, which has none.
        init?(_ prefix: Prefix) {
            guard !prefix.isSingleAddress else { return nil }
            isIPv4 = prefix.address.isIPv4
            let open = UInt64(prefix.address.bitWidth - prefix.length - 1)
            bits = open < 64 ? (1 << open, 0) : (0, 1 << (open - 64))
            if isIPv4 {
                let first = Int(prefix.address.low >> 16)
                places = first..<first + (1 << max(0, 16 - prefix.length))
            } else if let place = prefix.gate6Class {
                places = place..<place + 1
            } else {
                places = 0..<Int(GATE6_SIZE)
            }
        }
    }
}
