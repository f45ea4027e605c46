import BPF
import CSluiceABI
import Traffic

/// The kernel's table of our own networks, and the gate before it (`bpf/home.bpf.h`).
@safe final class HomeTable {
    private let map: BPFMap
    private let gate: MappedMemory

    init(_ maps: DatapathMaps) throws(BPFError) {
        map = maps.homes
        gate = try maps.homeGate.mapMemory()
    }

    /// Makes `homes` all there are.
    func set(_ homes: Set<Prefix>) throws(BPFError) {
        let present = Set(try map.entries(HomeKeyABI(), UInt32()).map { Prefix($0.key) })
        for home in homes { open(home) }
        let new = homes.subtracting(present).map { HomeKeyABI($0) }
        if !new.isEmpty { try map.update(new, [UInt32](repeating: 1, count: new.count)) }
        let old = present.subtracting(homes).map { HomeKeyABI($0) }
        if !old.isEmpty { try map.delete(old) }
        guard !old.isEmpty else { return }
        // A bit too many costs a look-up, one too few would hide a home: so those that stay are opened again right away.
        unsafe gate.base.initializeMemory(as: UInt64.self, repeating: 0, count: Self.words)
        for home in homes { open(home) }
    }

    private static let words = 2 * Int(HOME_GATE_BITS) / 64

    private func open(_ home: Prefix) {
        let words = unsafe gate.base.bindMemory(to: UInt64.self, capacity: Self.words)
        for bit in home.homeGateBits { unsafe words[bit / 64] |= 1 << UInt64(bit % 64) }
    }
}

extension Prefix {
    /// The bits of the gate that its addresses have: `home_may_be()`.
    fileprivate var homeGateBits: Range<Int> {
        let all = Int(HOME_GATE_BITS)
        if address.isIPv4 {
            let first = Int(address.low >> 16)
            return first..<first + 1 << max(0, 16 - length)
        }
        guard length >= 32, let place = Prefix(address, length: 32).gate6Class else { return all..<2 * all }
        return all + place..<all + place + 1
    }

    fileprivate init(_ key: HomeKeyABI) {
        let isIPv4 = UInt32(key.family) == 4
        let words = isIPv4 ? (0, 0, 0, key.addr.0) : key.addr
        self.init(Address(words: words, isIPv4: isIPv4), length: Int(key.length) - 32)
    }
}

extension HomeKeyABI {
    fileprivate init(_ home: Prefix) {
        let words = home.address.words
        self.init(
            length: UInt32(home.length) + 32, family: home.address.isIPv4 ? 4 : 6,
            addr: home.address.isIPv4 ? (words.3, 0, 0, 0) : words)
    }
}
