import Traffic

/// What holds for all windows of one reading.
struct WindowScope {
    var now: Int64
    var seesBothWays: Bool
    var maximumWindows: Int
}

/// Puts the entries of the window in order by entity, and sums each entity's up.
///
/// A counting sort: one pass counts, one places, and then each entity's entries stand together. The working
/// arrays are kept from one reading to the next.
struct WindowAssembly: ~Copyable {
    /// What is known of an entity's window before its entries are looked at.
    private struct Row {
        var slot: Int32
        var entries: Int32 = 0
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
        var returned = Returned()
        /// Where its next entry is to be placed; -1: it gets no window.
        var place = -1
    }

    /// An entity with more entries in its window is summed up from a part of them, evenly spaced.
    private static let mostEntries = 4_096
    /// So many entries are fetched from memory at once.
    private static let block = 16

    private var rows: [Row] = []
    /// By entry: its row, -1 if none.
    private var rowOfEntry = Slots(repeating: Int32(-1), atLeast: 1)
    /// Positions of entries, by row.
    private var places = Slots(repeating: EntryLog.nowhere, atLeast: 1)
    private var decays = Decays()
    private var summary = WindowSummary()
    /// What touching memory ahead of its use gave.
    private var warmth: UInt64 = 0

    /// The windows of one view.
    mutating func assemble(
        _ view: Entity.View, of frames: [Frame], _ log: borrowing EntryLog, table: inout EntityTable,
        in scope: WindowScope
    ) -> WindowBatch {
        table.bringUpToDate(now: scope.now, decays: &decays)
        guard let newest = frames.last else { return WindowBatch() }
        rows.removeAll(keepingCapacity: true)
        for position in newest.first..<log.next {
            if let slot = table.seat(log.ends(at: position).own(view), at: rows.count) {
                rows.append(Row(slot: Int32(slot)))
            }
        }
        guard !rows.isEmpty else { return WindowBatch() }
        if places.count < log.count {
            rowOfEntry = Slots(repeating: -1, atLeast: log.count)
            places = Slots(repeating: EntryLog.nowhere, atLeast: log.count)
        }
        count(view, log, table)
        for row in rows { table.unseat(Int(row.slot)) }
        let kept = choose(scope.maximumWindows)
        place(log)
        var batch = WindowBatch()
        batch.windows.reserveCapacity(kept)
        batch.features = Array(capacity: kept * FeatureSchema.count) { features in
            summarize(view, frames, log, table, scope, into: &batch.windows, &features)
        }
        return batch
    }

    private mutating func count(
        _ view: Entity.View, _ log: borrowing EntryLog, _ table: borrowing EntityTable
    ) {
        for position in log.oldest..<log.next {
            let ends = log.ends(at: position)
            let own = table.row(of: ends.own(view))
            rowOfEntry[Int(position - log.oldest)] = Int32(own ?? -1)
            if let own {
                rows[own].entries += 1
                rows[own].packets &+= log[position].packets
                rows[own].bytes &+= log[position].bytes
            }
            if let other = table.row(of: ends.other(view)) {
                rows[other].returned.bytes &+= log[position].bytes
                rows[other].returned.resets &+= UInt64(log[position].rst)
            }
        }
    }

    /// Gives places to the rows with the most packets; of those with equally many, to the first.
    ///
    /// - Returns: how many got some.
    private mutating func choose(_ most: Int) -> Int {
        let kept = min(rows.count, most)
        var fewest: UInt64 = 0
        var ties = 0
        if rows.count > kept {
            fewest = rows.map(\.packets).sorted(by: >)[kept - 1]
            ties = kept - rows.count { $0.packets > fewest }
        }
        var place = 0
        for index in rows.indices {
            if rows[index].packets == fewest {
                ties -= 1
                guard ties >= 0 else { continue }
            }
            guard rows[index].packets >= fewest else { continue }
            rows[index].place = place
            place += Int(rows[index].entries)
        }
        return kept
    }

    private mutating func place(_ log: borrowing EntryLog) {
        for index in 0..<log.count {
            let row = Int(rowOfEntry[index])
            guard row >= 0, rows[row].place >= 0 else { continue }
            places[rows[row].place] = log.oldest + Int64(index)
            rows[row].place += 1
        }
    }

    private mutating func summarize(
        _ view: Entity.View, _ frames: [Frame], _ log: borrowing EntryLog, _ table: borrowing EntityTable,
        _ scope: WindowScope, into windows: inout [Window], _ features: inout OutputSpan<Float>
    ) {
        for row in rows where row.place >= 0 {
            let entries = Int(row.entries)
            let step = 1 + entries / Self.mostEntries
            summary.begin(view, flows: entries / step, step: step, returned: row.returned, scope: scope)
            var begin = row.place - entries
            while begin < row.place {
                let end = min(begin + Self.block * step, row.place)
                for number in stride(from: begin, to: end, by: step) {
                    warmth &+= log.touch(places[number])
                }
                for number in stride(from: begin, to: end, by: step) {
                    let position = places[number]
                    summary.add(
                        log[position], at: position, oldest: log.oldest,
                        source: log.ends(at: position).source)
                }
                begin += Self.block * step
            }
            let history = table.history(Int(row.slot))
            summary.scale(packets: row.packets, bytes: row.bytes)
            if view == .destination { summary.addAside(frames, to: history.prefix.address) }
            summary.appendFeatures(history, to: &features)
            windows.append(
                Window(
                    entity: Entity(view: view, prefix: history.prefix), slot: Int(row.slot),
                    serial: table.serial(Int(row.slot)),
                    packets: summary.tally.packets, bytes: summary.tally.bytes,
                    evidence: summary.evidence(history, frames)))
        }
    }
}

extension EntryEnds {
    /// The entity whose window of this view the entry is in.
    @inline(__always)
    fileprivate func own(_ view: Entity.View) -> EntityReference { view == .source ? source : destination }

    /// The entity to which it is what came back.
    @inline(__always)
    fileprivate func other(_ view: Entity.View) -> EntityReference {
        view == .source ? destinationAsSource : sourceAsDestination
    }
}

/// What came back to the entity in the window.
struct Returned {
    var bytes: UInt64 = 0
    var resets: UInt64 = 0
}
