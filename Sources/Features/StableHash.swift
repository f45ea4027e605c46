import Traffic

/// 64-bit hashes that are the same in every run, unlike `Hasher`: replay must meet the same collisions as the
/// live agent did.
///
/// Multiplications to 128 bits whose halves are folded, after wyhash (Wang Yi, 2019), with its numbers. Unlike a chain of
/// invertible steps it gives nobody another's hash by a formula; only addresses whose lower half is `low` are alike by themselves.
enum StableHash {
    static let high: UInt64 = 0xA076_1D64_78BD_642F
    static let low: UInt64 = 0xE703_7ED1_A0B4_28DB
    private static let port: UInt64 = 0x8EBC_6AF0_9C88_C6E3

    /// Depends on the order of its arguments.
    @inline(__always)
    static func combine(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let product = (first ^ high).multipliedFullWidth(by: second ^ low)
        return product.high ^ product.low
    }

    @inline(__always)
    static func of(_ address: Address) -> UInt64 {
        combine(address.high &+ (address.isIPv4 ? 1 : 2), address.low)
    }

    /// The same of an address and a port, and another one for addresses that are alike to `of`: a conversation, which knows where
    /// the histories of its hosts are, must not be taken for that of others.
    @inline(__always)
    static func end(_ address: Address, port: UInt16) -> UInt64 {
        // No network in reach of another is so far from it that a port makes up for it.
        combine(of(address), address.high &+ (address.isIPv4 ? 1 : 2) &+ UInt64(port) &* Self.port)
    }
}
