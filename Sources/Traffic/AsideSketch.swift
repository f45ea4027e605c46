/// Count-min sketch of the packets that found no slot in the flow table, by destination.
///
/// G. Cormode, S. Muthukrishnan, "An improved data stream summary: the count-min sketch and its applications",
/// J. Algorithms 55 (2005). Four rows of `width` cells; an estimate is never too low, and with probability
/// 1 - exp(-4) too high by at most e / width of all packets aside. `bpf/sketch.bpf.h` writes it.
package struct AsideSketch: Sendable {
    package static let rows = 4

    /// Width of a row, a power of two.
    package let width: Int
    private let seed: UInt64
    private let cells: [UInt32]

    /// - Parameters:
    ///   - cells: packets, rows * width cells, row by row, summed over CPUs.
    ///   - width: cells in a row.
    ///   - seed: the seed of the data plane's hash.
    package init(cells: [UInt32], width: Int, seed: UInt64) {
        precondition(width > 0 && width & (width - 1) == 0, "a row is a power of two wide")
        precondition(cells.count == Self.rows * width)
        self.cells = cells
        self.width = width
        self.seed = seed
    }

    /// Packets aside that went to `address`: an upper bound.
    package func packets(to address: Address) -> UInt64 {
        let hash = Self.hash(address, seed: seed)
        var least = UInt32.max
        for row in 0..<Self.rows {
            // 16 fresh bits a row, so a row has at most 65,536 cells.
            let column = Int(truncatingIfNeeded: hash >> UInt64(16 * row)) & (width - 1)
            least = min(least, cells[row * width + column])
        }
        return UInt64(least)
    }

    /// `sketch_hash` of the data plane: multiply-shift with the random odd multiplier `seed`, folded.
    package static func hash(_ address: Address, seed: UInt64) -> UInt64 {
        let folded = address.isIPv4 ? 0xFFFF_0000_0000 | address.low : mix(seed ^ address.high) ^ address.low
        let product = folded &* (seed | 1)
        return product ^ product >> 32
    }

    /// Stafford's variant 13 of a 64-bit finalizer.
    private static func mix(_ value: UInt64) -> UInt64 {
        var x = value
        x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
        x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
        return x ^ x >> 31
    }
}
