import RealModule

/// Counts how many distinct values a sequence has, and its entropy; reused for one entity after another.
struct SpreadCounter {
    private var keys: [UInt64]
    private var counts: [UInt32]
    private var rounds: [UInt32]
    private var round: UInt32 = 0
    private var used: [Int] = []
    private var total = 0
    private var mask: Int

    init() {
        mask = 255
        keys = Array(repeating: 0, count: 256)
        counts = Array(repeating: 0, count: 256)
        rounds = Array(repeating: 0, count: 256)
    }

    /// Starts over, for at most `expected` values.
    mutating func reset(expected: Int) {
        if expected * 2 > mask {
            while expected * 2 > mask { mask = mask * 2 + 1 }
            keys = Array(repeating: 0, count: mask + 1)
            counts = Array(repeating: 0, count: mask + 1)
            rounds = Array(repeating: 0, count: mask + 1)
            round = 0
        }
        round &+= 1
        if round == 0 {
            for index in rounds.indices { rounds[index] = 0 }
            round = 1
        }
        used.removeAll(keepingCapacity: true)
        total = 0
    }

    mutating func add(_ key: UInt64) {
        total += 1
        var index = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while rounds[index] == round {
            if keys[index] == key {
                counts[index] += 1
                return
            }
            index = (index + 1) & mask
        }
        rounds[index] = round
        keys[index] = key
        counts[index] = 1
        used.append(index)
    }

    /// Number of distinct values among all, of which every `step`th was added.
    ///
    /// Where most of those added are distinct, so are most of the others; else they are taken for the same ones.
    func distinct(step: Int) -> Int { used.count * 2 > total ? used.count * step : used.count }

    /// Shannon entropy in bits.
    var entropy: Float {
        guard used.count > 1 else { return 0 }
        var sum: Float = 0
        for index in used where counts[index] > 1 {
            let count = Float(counts[index])
            sum += count * .log2(count)
        }
        return max(0, .log2(Float(total)) - sum / Float(total))
    }
}
