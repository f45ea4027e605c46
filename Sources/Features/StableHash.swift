import Traffic

/// 64-bit hashes that are the same in every run, unlike `Hasher`: replay must meet the same collisions as the
/// live agent did.
enum StableHash {
    /// Stafford's variant 13 of the 64-bit finalizer: each input bit changes each output bit half of the time.
    @inline(__always)
    static func mix(_ value: UInt64) -> UInt64 {
        var x = value
        x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
        x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
        return x ^ x >> 31
    }

    @inline(__always)
    static func of(_ address: Address) -> UInt64 {
        mix(mix(address.high &+ (address.isIPv4 ? 1 : 2)) ^ address.low)
    }

    /// Likewise, and another one for addresses that somebody chose to have the same hash: the conversation's, which knows
    /// where the histories of its hosts are, must not be that of others.
    @inline(__always)
    static func distinct(_ address: Address) -> UInt64 {
        combine(of(address), address.high &+ (address.isIPv4 ? 1 : 2))
    }

    /// Depends on the order of its arguments.
    @inline(__always)
    static func combine(_ first: UInt64, _ second: UInt64) -> UInt64 {
        mix(first &* 3 &+ second)
    }
}
