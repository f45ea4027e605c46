import Features
import Models
import Traffic

/// Collects windows for training: one a second of each entity, in bounded memory, and none that one entity fills.
struct RowSampler {
    private let limit: Int
    private(set) var rows: [Float] = []
    /// Entity of each row.
    private var owners: [Int] = []
    /// By slot of the window builder: the entity's serial, the time of its last row, and its number of rows.
    private var entities: [Int: (serial: UInt32, last: Timestamp, rows: Int)] = [:]
    /// Windows offered, one a second for each entity.
    private(set) var offered = 0
    private var random = SeededGenerator(seed: 1)

    init(limit: Int) { self.limit = limit }

    /// Takes windows that are due.
    mutating func add(_ batch: WindowBatch, now: Timestamp) {
        for row in batch.windows.indices where isDue(batch.windows[row], now: now) {
            take(batch.features(of: row), of: batch.windows[row])
        }
    }

    /// Whether the entity's last row is a second old: windows that overlap are no new evidence.
    mutating func isDue(_ window: Window, now: Timestamp) -> Bool {
        let known = entities[window.slot]
        if let known, known.serial == window.serial {
            guard now - known.last >= .milliseconds(900) else { return false }
            entities[window.slot]?.last = now
        } else {
            entities[window.slot] = (window.serial, now, 0)
        }
        offered += 1
        return true
    }

    /// Keeps a row; when there are too many, in place of a random one, so that all times are represented alike.
    ///
    /// No entity gets more than 1 % of the rows that there may be: a machine that talks all the time does not
    /// outvote the rest, and a poisoner neither.
    mutating func take(_ features: ArraySlice<Float>, of window: Window) {
        guard let entity = entities[window.slot], entity.rows < max(100, limit / 100) else { return }
        if owners.count < limit {
            rows += features
            owners.append(window.slot)
        } else {
            let place = Int(random.next() % UInt64(offered))
            guard place < limit else { return }
            rows.replaceSubrange(place * features.count..<(place + 1) * features.count, with: features)
            entities[owners[place]]?.rows -= 1
            owners[place] = window.slot
        }
        entities[window.slot]?.rows += 1
    }
}
