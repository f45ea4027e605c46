import Features
import Models
import Traffic

/// Collects windows for training: one a second of each entity, in bounded memory, and none that one entity fills.
struct RowSampler {
    /// What an entity in disrepute did so long before is left out as well: the memory of its histories.
    private static let memory: Duration = .seconds(600)

    /// Whose window a row is, and of when.
    private struct Origin {
        var slot: Int
        var serial: UInt32
        var time: Timestamp
    }

    private struct Known {
        var serial: UInt32
        var last: Timestamp
        var rows = 0
        /// When it was barred last.
        var barred: Timestamp?
    }

    private let limit: Int
    private(set) var rows: [Float] = []
    private var origins: [Origin] = []
    /// By slot of the window builder.
    private var entities: [Int: Known] = [:]
    /// Windows offered, one a second for each entity.
    private(set) var offered = 0
    /// Those of them that were not taken, or not kept.
    private(set) var leftOut = TrainingSet.LeftOut()
    private var random = SeededGenerator(seed: 1)

    init(limit: Int) { self.limit = limit }

    /// Takes windows that are due.
    mutating func add(_ batch: WindowBatch, now: Timestamp) {
        for row in batch.windows.indices where isDue(batch.windows[row], now: now) {
            take(batch.features(of: row), of: batch.windows[row], now: now)
        }
    }

    /// Whether the entity's last row is a second old: windows that overlap are no new evidence.
    mutating func isDue(_ window: Window, now: Timestamp) -> Bool {
        let known = entities[window.slot]
        if let known, known.serial == window.serial {
            guard now.hasPassed(.milliseconds(900), since: known.last) else { return false }
            entities[window.slot]?.last = now
        } else {
            entities[window.slot] = Known(serial: window.serial, last: now)
        }
        offered += 1
        return true
    }

    /// Keeps a row; when there are too many, in place of a random one, so that all times are represented alike.
    ///
    /// No entity gets more than 1 % of the rows that there may be: a machine that talks all the time does not
    /// outvote the rest, and a poisoner neither.
    mutating func take(_ features: ArraySlice<Float>, of window: Window, now: Timestamp) {
        guard let entity = entities[window.slot] else { return }
        guard entity.barred.map({ now.hasPassed(Self.memory, since: $0) }) ?? true else {
            leftOut.quarantined += 1
            return
        }
        guard entity.rows < max(100, limit / 100) else {
            leftOut.beyondShare += 1
            return
        }
        let origin = Origin(slot: window.slot, serial: window.serial, time: now)
        if origins.count < limit {
            rows += features
            origins.append(origin)
        } else {
            let place = Int(random.next() % UInt64(offered))
            guard place < limit else { return }
            forget(origins[place])
            replace(place, by: features, origin)
        }
        entities[window.slot]?.rows += 1
    }

    /// Takes nothing from an entity for ten minutes, and throws away what was taken in the last ten.
    mutating func bar(_ window: Window, now: Timestamp) {
        var entity =
            entities[window.slot].flatMap { $0.serial == window.serial ? $0 : nil }
            ?? Known(serial: window.serial, last: now)
        entity.barred = now
        entities[window.slot] = entity
        guard entity.rows > 0 else { return }
        for place in origins.indices.reversed() {
            let origin = origins[place]
            guard origin.slot == window.slot, origin.serial == window.serial,
                now - origin.time <= Self.memory
            else { continue }
            remove(place)
            leftOut.quarantined += 1
        }
    }

    /// The rows that are not younger than `age`: those wait for what may still be said of their entities.
    func rows(olderThan age: Duration, at now: Timestamp) -> [Float] {
        let width = FeatureSchema.count
        var old: [Float] = []
        old.reserveCapacity(rows.count)
        for (place, origin) in origins.enumerated() where now.hasPassed(age, since: origin.time) {
            old += rows[place * width..<(place + 1) * width]
        }
        return old
    }

    private mutating func remove(_ place: Int) {
        let width = FeatureSchema.count
        forget(origins[place])
        let last = origins.count - 1
        if place < last {
            replace(place, by: rows[last * width..<(last + 1) * width], origins[last])
        }
        origins.removeLast()
        rows.removeLast(width)
    }

    private mutating func replace(_ place: Int, by features: ArraySlice<Float>, _ origin: Origin) {
        rows.replaceSubrange(place * features.count..<(place + 1) * features.count, with: features)
        origins[place] = origin
    }

    /// Counts a row less for its entity, unless another has its slot by now.
    private mutating func forget(_ origin: Origin) {
        guard entities[origin.slot]?.serial == origin.serial else { return }
        entities[origin.slot]?.rows -= 1
    }
}
