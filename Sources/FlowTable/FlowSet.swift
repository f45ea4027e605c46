import CSluiceABI
import Traffic

/// One set of the flow table in memory: a header line, eight entries, and the addresses of those that are IPv6.
@safe struct FlowSet {
    private let set: UnsafeMutablePointer<FlowSetABI>

    init(_ set: UnsafeMutablePointer<FlowSetABI>) { unsafe self.set = set }

    /// The ways that hold a flow.
    var ways: Ways { Ways(notZeroIn: unsafe set.pointee.tags) }

    /// Has the cache lines of all entries fetched, if there is one.
    @inline(__always) func prefetch() {
        guard !ways.isEmpty else { return }
        for way in 0..<Int(FLOW_WAYS) {
            unsafe sluice_prefetch(
                UnsafeRawPointer(set) + (Self.headerSize + way * MemoryLayout<FlowEntryABI>.stride))
        }
    }

    /// Empties the set, but for its entries: one is written anew when its way is given out again.
    func clear() {
        unsafe set.pointee.tags = 0
        unsafe set.pointee.ages = 0
        unsafe set.pointee.doorkeeper = 0
        unsafe set.pointee.contests = 0
    }

    /// What was counted at a way.
    func entry(_ way: Int) -> FlowEntryABI {
        unsafe UnsafeRawPointer(set).load(
            fromByteOffset: Self.headerSize + way * MemoryLayout<FlowEntryABI>.stride, as: FlowEntryABI.self)
    }

    /// Writes down whose flow stands at a way, in a key that is all zero.
    @inline(__always) func fill(_ key: inout FlowKey, _ way: Int) {
        let entry = entry(way)
        key.source.isIPv4 = entry.family == 4
        key.destination.isIPv4 = entry.family == 4
        if entry.family == 4 {
            key.source.low = UInt64(UInt32(bigEndian: entry.saddr))
            key.destination.low = UInt64(UInt32(bigEndian: entry.daddr))
        } else {
            let words = addresses(way)
            key.source.high = UInt64(bigEndian: words.0)
            key.source.low = UInt64(bigEndian: words.1)
            key.destination.high = UInt64(bigEndian: words.2)
            key.destination.low = UInt64(bigEndian: words.3)
        }
        key.protocol.rawValue = entry.protocol
        key.sourcePort = UInt16(bigEndian: entry.sport)
        key.destinationPort = UInt16(bigEndian: entry.dport)
    }

    /// Gives away the entry of the flow that stands at `way` of another CPU's set; `nil` if this set has none.
    @inline(__always) func take(_ way: Int, of other: FlowSet) -> FlowEntryABI? {
        let tags = unsafe set.pointee.tags
        let tag = unsafe other.set.pointee.tags >> UInt64(8 * way) & 0xFF
        for own in Ways(of: UInt8(truncatingIfNeeded: tag), in: tags) where holds(own, flowAt: way, of: other)
        {
            let others: UInt64 = ~(0xFF << UInt64(8 * own))
            unsafe set.pointee.tags = tags & others
            // A way with an age counts as taken, and what it held would be moved aside once more.
            unsafe set.pointee.ages &= others
            return entry(own)
        }
        return nil
    }

    private func holds(_ own: Int, flowAt way: Int, of other: FlowSet) -> Bool {
        let (left, right) = (entry(own), other.entry(way))
        guard
            left.saddr == right.saddr, left.daddr == right.daddr, left.sport == right.sport,
            left.dport == right.dport, left.protocol == right.protocol, left.family == right.family
        else { return false }
        return left.family == 4 || addresses(own) == other.addresses(way)
    }

    private static let headerSize = 64
    private static let addressesOffset = headerSize + Int(FLOW_WAYS) * MemoryLayout<FlowEntryABI>.stride

    /// Source and destination of an IPv6 flow, in network order.
    private func addresses(_ way: Int) -> (UInt64, UInt64, UInt64, UInt64) {
        unsafe UnsafeRawPointer(set).load(
            fromByteOffset: Self.addressesOffset + way * MemoryLayout<FlowAddressesABI>.stride,
            as: (UInt64, UInt64, UInt64, UInt64).self)
    }
}

/// Some of the eight ways of a set: the top bits of their bytes in a word like `tags`.
struct Ways: Sequence, IteratorProtocol {
    private static let topBits: UInt64 = 0x8080_8080_8080_8080
    private var bits: UInt64

    /// Those whose byte is not zero.
    init(notZeroIn bytes: UInt64) {
        bits = ((bytes & ~Self.topBits) &+ ~Self.topBits | bytes) & Self.topBits
    }

    /// Those whose byte is `tag`.
    init(of tag: UInt8, in tags: UInt64) {
        self.init(notZeroIn: tags ^ UInt64(tag) &* 0x0101_0101_0101_0101)
        bits ^= Self.topBits
    }

    var isEmpty: Bool { bits == 0 }
    var count: Int { bits.nonzeroBitCount }

    mutating func next() -> Int? {
        guard bits != 0 else { return nil }
        defer { bits &= bits &- 1 }
        return bits.trailingZeroBitCount / 8
    }
}
