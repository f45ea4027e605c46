import BPF

/// A BPF map of the peer's kind, filled in one system call: what a rule would cost at the least.
struct BareMap<Key: BitwiseCopyable> {
    private let map: BPFMap
    private let keys: [Key]
    private let values: [Value]

    init(_ kind: BPFMap.Kind, keys: [Key]) throws {
        map = try BPFMap(
            kind, name: "bare", keySize: MemoryLayout<Key>.stride, valueSize: MemoryLayout<Value>.stride,
            capacity: keys.count)
        self.keys = keys
        values = [Value](repeating: Value(), count: keys.count)
    }

    func fill() throws { try map.update(keys, values) }
}

/// As large as a rule of ours.
private struct Value: BitwiseCopyable {
    var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
}

struct AddressKey: BitwiseCopyable {
    var high: UInt64
    var low: UInt64
    var length: UInt64
}

struct PrefixKey4: BitwiseCopyable {
    var length: UInt32
    var address: UInt32
}

/// Without padding behind the length, which the kernel takes for the first bits.
struct PrefixKey6: BitwiseCopyable {
    var length: UInt32
    private var words: (UInt32, UInt32, UInt32, UInt32)

    /// Words in network order.
    init(length: UInt32, high: UInt64, low: UInt64) {
        self.length = length
        func half(_ value: UInt64, _ shift: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value >> shift) }
        words = (half(high, 0), half(high, 32), half(low, 0), half(low, 32))
    }
}
