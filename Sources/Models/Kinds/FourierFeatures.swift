import RealModule

/// Cosines and sines of random projections of a row, whose products approximate a Gaussian kernel.
///
/// A. Rahimi, B. Recht, "Random features for large-scale kernel machines", NIPS 2007. Frequencies are int8, with a scale each; an
/// angle is 16 bits that wrap around as angles do.
struct FourierFeatures: Hashable, Sendable {
    let width: Int
    /// Row by row.
    private let frequencies: [Int8]
    /// What one unit of a sum turns an angle, in turns times 2^32.
    private let turns: [Int32]

    /// A cosine and a sine for each frequency.
    var count: Int { 2 * turns.count }

    /// Random frequencies for the kernel exp(-gamma d^2), with d in units of scaled features.
    init(width: Int, gamma: Double, frequencies number: Int, random: inout SeededGenerator) {
        self.width = width
        let deviation = (2 * gamma).squareRoot()
        var frequencies: [Int8] = []
        var turns: [Int32] = []
        for _ in 0..<number {
            let row = (0..<width).map { _ in Double(random.normal()) * deviation }
            let unit = max(row.map(abs).max() ?? 0, 1e-6) / 127
            frequencies += row.map { Int8(($0 / unit).rounded()) }
            let turn = unit * Double(RobustScaler.step) / (2 * .pi) * 0x1p32
            turns.append(Int32(min(turn.rounded(), 0x1p31 - 1)))
        }
        self.frequencies = frequencies
        self.turns = turns
    }

    /// All cosines of a row, then all sines, times 2^15.
    func values(of row: ArraySlice<Int8>) -> [Int32] {
        let angles = turns.indices.map { index in
            var sum: Int32 = 0
            for (frequency, value) in zip(frequencies[index * width..<(index + 1) * width], row) {
                sum &+= Int32(frequency) &* Int32(value)
            }
            return UInt16(truncatingIfNeeded: (Int64(sum) &* Int64(turns[index])) >> 16)
        }
        return angles.map(Self.cosine) + angles.map { Self.cosine(of: $0 &- 16_384) }
    }

    /// 2^15 cos(2 pi angle / 2^16) within 40, by a parabola and a correction by its square.
    static func cosine(of angle: UInt16) -> Int32 {
        let x = Int32(Int16(bitPattern: angle &+ 16_384))
        let y = (x * (32_768 - abs(x))) >> 13
        let correction = 7_373 * (((y * abs(y)) >> 15) - y)
        return y + (correction >> 15)
    }

    init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        self.width = width
        frequencies = try file.integers(prefix + "frequencies", as: .int8)
        turns = try file.integers(prefix + "turns", as: .int32)
        guard (1...4096).contains(turns.count), frequencies.count == width * turns.count else {
            throw .malformed("the parts of '\(prefix)' do not fit together")
        }
    }

    func put(into file: inout ModelFile, prefix: String) {
        file.set(prefix + "frequencies", frequencies, as: .int8, shape: [turns.count, width])
        file.set(prefix + "turns", turns, as: .int32)
    }
}
