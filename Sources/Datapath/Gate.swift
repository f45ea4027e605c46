import BPF
import CSluiceABI
import Traffic

/// The gate in front of rules on sources: bytes that say which kinds of them a source may have (`enum gate_bit`).
///
/// Bits are set before a rule goes in. After rules were removed, bits may stand that nobody needs: they cost the program a
/// look-up, no more, and `tidy` takes them away.
///
/// The maps are in this process's memory only while it writes them: 16 MiB for a rule now and then would be too much.
@safe final class Gate {
    private let maps: DatapathMaps
    private var memory4: MappedMemory?
    private var memory6: MappedMemory?
    private let control: ControlBlock
    /// Places where a rule was removed.
    private var stale4: Set<Int> = []
    private var stale6: Set<Int> = []
    private var isAllStale = false

    init(_ maps: DatapathMaps, control: ControlBlock) {
        self.maps = maps
        self.control = control
    }

    /// Opens the gate for a prefix; call `rest` after the last of several.
    func open(_ bits: UInt8, for prefix: Prefix) throws(BPFError) {
        switch Self.places(prefix) {
        case .all: control.gateBits |= bits
        case .ipv4(let places):
            let bytes = unsafe try bytes4()
            for place in places { unsafe bytes[place] |= bits }
        case .ipv6(let place): unsafe try bytes6()[place] |= bits
        }
    }

    /// Gives the memory back.
    func rest() {
        memory4 = nil
        memory6 = nil
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
    func tidy(_ rules: some Sequence<(prefix: Prefix, bits: UInt8)>) throws(BPFError) {
        defer { rest() }
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
        let (bytes4, bytes6) = unsafe (try bytes4(), try bytes6())
        for (place, bits) in needed4 { unsafe bytes4[place] = bits }
        for (place, bits) in needed6 { unsafe bytes6[place] = bits }
        control.gateBits = neededByAll
        stale4 = []
        stale6 = []
        isAllStale = false
    }

    private func bytes4() throws(BPFError) -> UnsafeMutablePointer<UInt8> {
        let memory: MappedMemory
        if let memory4 { memory = memory4 } else { memory = try maps.gate4.mapMemory() }
        memory4 = memory
        return unsafe memory.base.assumingMemoryBound(to: UInt8.self)
    }

    private func bytes6() throws(BPFError) -> UnsafeMutablePointer<UInt8> {
        let memory: MappedMemory
        if let memory6 { memory = memory6 } else { memory = try maps.gate6.mapMemory() }
        memory6 = memory
        return unsafe memory.base.assumingMemoryBound(to: UInt8.self)
    }

    /// Bytes of the gate that stand for the addresses of a prefix.
    private enum Places {
        /// So many that a word for all addresses says it.
        case all
        case ipv4(Range<Int>)
        case ipv6(Int)
    }

    /// The /24s that an IPv4 prefix touches; the class of an IPv6 prefix.
    private static func places(_ prefix: Prefix) -> Places {
        if prefix.address.isIPv4 {
            guard prefix.length >= 8 else { return .all }
            let first = Int(prefix.address.low >> 8)
            return .ipv4(first..<first + (1 << max(0, 24 - prefix.length)))
        }
        return prefix.gate6Class.map(Places.ipv6) ?? .all
    }
}
