import RealModule

/// Counts how many distinct values a sequence has, and its entropy; reused for one entity after another.
struct SpreadCounter: ~Copyable {
    /// One place of the hash table; of this sequence if the round is.
    struct Cell {
        var key: UInt64 = 0
        var count: UInt32 = 0
        var round: UInt32 = 0
    }

    private var cells = Slots(repeating: Cell(), atLeast: 64)
    /// Places in use, in the order of their first values.
    private var used = Slots(repeating: Int32(0), atLeast: 64)
    private var distinct = 0
    private var round: UInt32 = 0
    private var total = 0
    /// The part of the table that this sequence needs; a short one stays in the first level of the cache.
    private var mask = 63

    /// Starts over, for at most `expected` values.
    mutating func reset(expected: Int) {
        var size = 64
        while size < expected * 2 { size *= 2 }
        mask = size - 1
        round &+= 1
        if size > cells.count || round == 0 {
            let size = max(size, cells.count)
            cells = Slots(repeating: Cell(), atLeast: size)
            used = Slots(repeating: 0, atLeast: size)
            round = 1
        }
        distinct = 0
        total = 0
    }

    /// Counts a value, once or so often.
    ///
    /// - Returns: how often it was counted so far.
    @inline(__always) @discardableResult
    mutating func add(_ key: UInt64, _ times: UInt32 = 1) -> UInt32 {
        total &+= Int(times)
        var index = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while cells[masked: index].round == round {
            if cells[masked: index].key == key {
                cells[masked: index].count &+= times
                return cells[masked: index].count
            }
            index = (index + 1) & mask
        }
        cells[masked: index] = Cell(key: key, count: times, round: round)
        used[masked: distinct] = Int32(truncatingIfNeeded: index)
        distinct &+= 1
        return times
    }

    /// Number of distinct values among all, of which every `step`th was added.
    ///
    /// Where most of those added are distinct, so are most of the others; else they are taken for the same ones.
    func distinct(step: Int) -> Int { distinct * 2 > total ? distinct * step : distinct }

    /// Shannon entropy in bits.
    var entropy: Float {
        guard distinct > 1 else { return 0 }
        var sum: Float = 0
        for number in 0..<distinct {
            let count = Float(cells[Int(used[number])].count)
            if count > 1 { sum += count * .log2(count) }
        }
        return max(0, .log2(Float(total)) - sum / Float(total))
    }
}
