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
    struct Row {
        var slot: Int32 = 0
        var entries: Int32 = 0
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
        var returned = Returned()
        /// Where its next entry is to be placed; -1: it gets no window.
        var place = -1

        @inline(__always)
        mutating func count(_ entry: Entry) {
            entries &+= 1
            packets &+= entry.packets
            bytes &+= entry.bytes
        }
    }

    /// An entity with more entries in its window is summed up from a part of them, evenly spaced.
    private static let mostEntries = 4_096
    /// So many entries, and histories, are asked for ahead of their turn.
    private static var ahead: Int { 16 }
    private static var historiesAhead: Int { 4 }

    private var rows = Slots(repeating: Row(), atLeast: 1)
    private var rowCount = 0
    /// By entry: its row, -1 if none.
    private var rowOfEntry = Slots(repeating: Int32(-1), atLeast: 1)
    /// Positions of entries, by row.
    private var places = Slots(repeating: EntryLog.nowhere, atLeast: 1)
    private var decays = Decays()
    private var summary = WindowSummary()

    /// The windows of one view.
    mutating func assemble(
        _ view: Entity.View, of frames: [Frame], _ log: borrowing EntryLog, table: inout EntityTable,
        in scope: WindowScope
    ) -> WindowBatch {
        table.bringUpToDate(now: scope.now, decays: &decays)
        guard let newest = frames.last else { return WindowBatch() }
        seat(view, from: newest.first, log, &table)
        guard rowCount > 0 else { return WindowBatch() }
        if places.count < log.count {
            rowOfEntry = Slots(repeating: -1, atLeast: log.count)
            places = Slots(repeating: EntryLog.nowhere, atLeast: log.count)
        }
        count(view, log, table)
        for row in 0..<rowCount { table.unseat(Int(rows[masked: row].slot)) }
        let kept = choose(scope.maximumWindows)
        place(log)
        var batch = WindowBatch()
        batch.features = Array(capacity: kept * FeatureSchema.count) { features in
            batch.windows = Array(capacity: kept) { windows in
                summarize(view, frames, log, &table, scope, into: &windows, &features)
            }
        }
        return batch
    }

    /// Gives a row to each entity with traffic in the newest reading.
    private mutating func seat(
        _ view: Entity.View, from newest: Int64, _ log: borrowing EntryLog, _ table: inout EntityTable
    ) {
        let most = min(Int(log.next - newest), table.capacity)
        if rows.count < most { rows = Slots(repeating: Row(), atLeast: most) }
        rowCount = 0
        for position in newest..<log.next {
            table.prefetch(seatOf: log.ends(at: position + Int64(Self.ahead)).own(view))
            if let slot = table.seat(log.ends(at: position).own(view), at: rowCount) {
                rows[masked: rowCount] = Row(slot: Int32(truncatingIfNeeded: slot))
                rowCount += 1
            }
        }
    }

    private mutating func count(
        _ view: Entity.View, _ log: borrowing EntryLog, _ table: borrowing EntityTable
    ) {
        var begin = log.oldest
        var others = InlineArray<16, Int32>(repeating: -1)
        while begin < log.next {
            let end = min(begin + Int64(others.count), log.next)
            for position in begin..<end {
                let next = log.ends(at: position + Int64(others.count))
                table.prefetch(seatOf: next.own(view))
                table.prefetch(seatOf: next.other(view))
                let ends = log.ends(at: position)
                let (own, other) = (table.row(of: ends.own(view)), table.row(of: ends.other(view)))
                rowOfEntry[masked: Int(truncatingIfNeeded: position &- log.oldest)] = Int32(
                    truncatingIfNeeded: own)
                others[Int(position - begin)] = Int32(truncatingIfNeeded: other)
                rows.prefetch(masked: own)
                rows.prefetch(masked: other)
            }
            for position in begin..<end {
                let own = Int(rowOfEntry[masked: Int(truncatingIfNeeded: position &- log.oldest)])
                if own >= 0 { rows[masked: own].count(log[position]) }
                let other = Int(others[Int(position - begin)])
                if other >= 0 { rows[masked: other].returned.count(log[position]) }
            }
            begin = end
        }
    }

    /// Gives places to the rows with the most packets; of those with equally many, to the first.
    ///
    /// - Returns: how many got some.
    private mutating func choose(_ most: Int) -> Int {
        let kept = min(rowCount, most)
        var fewest: UInt64 = 0
        var ties = 0
        if rowCount > kept {
            let packets = (0..<rowCount).map { rows[masked: $0].packets }
            // The largest number that enough rows have or exceed, by bisection.
            var most = packets.max() ?? 0
            while fewest < most {
                let middle = most - (most - fewest) / 2
                if packets.count(where: { $0 >= middle }) >= kept {
                    fewest = middle
                } else {
                    most = middle - 1
                }
            }
            ties = kept - packets.count { $0 > fewest }
        }
        var place = 0
        for row in 0..<rowCount {
            if rows[masked: row].packets == fewest {
                ties -= 1
                guard ties >= 0 else { continue }
            }
            guard rows[masked: row].packets >= fewest else { continue }
            rows[masked: row].place = place
            place += Int(rows[masked: row].entries)
        }
        return kept
    }

    private mutating func place(_ log: borrowing EntryLog) {
        for index in 0..<log.count {
            let row = Int(rowOfEntry[masked: index])
            guard row >= 0, rows[masked: row].place >= 0 else { continue }
            places[masked: rows[masked: row].place] = log.oldest + Int64(index)
            rows[masked: row].place += 1
        }
    }

    private mutating func summarize(
        _ view: Entity.View, _ frames: [Frame], _ log: borrowing EntryLog, _ table: inout EntityTable,
        _ scope: WindowScope, into windows: inout OutputSpan<Window>, _ features: inout OutputSpan<Float>
    ) {
        for index in 0..<rowCount {
            table.prefetch(historyIn: Int(rows[masked: index + Self.historiesAhead].slot))
            let row = rows[masked: index]
            guard row.place >= 0 else { continue }
            let entries = Int(row.entries)
            let step = 1 + entries / Self.mostEntries
            summary.begin(view, flows: entries / step, step: step, returned: row.returned, scope: scope)
            for number in stride(from: row.place - entries, to: row.place, by: step) {
                // Most entities have few entries: these may be the next one's.
                log.prefetch(places[masked: number + Self.ahead * step])
                let position = places[masked: number]
                summary.add(
                    log[position], at: position, oldest: log.oldest,
                    source: log.ends(at: position).source)
            }
            let slot = Int(row.slot)
            summary.scale(packets: row.packets, bytes: row.bytes)
            let prefix = summary.conclude(&table[historyIn: slot], frames, features: &features)
            windows.append(
                Window(
                    entity: Entity(view: view, prefix: prefix), slot: slot, serial: table.serial(slot),
                    packets: summary.tally.packets, bytes: summary.tally.bytes,
                    evidence: summary.evidence))
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

    @inline(__always)
    fileprivate mutating func count(_ entry: Entry) {
        bytes &+= entry.bytes
        resets &+= UInt64(entry.rst)
    }
}
