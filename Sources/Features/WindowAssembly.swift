import Traffic

/// What holds for all windows of one reading.
struct WindowScope {
    var now: Int64
    /// Number of the newest reading.
    var reading: UInt32
    var seesBothWays: Bool
    var maximumWindows: Int
}

/// Puts the entries of the window in order by entity, and sums each entity's up.
///
/// A counting sort: one pass counts, one places, and then each entity's entries stand together. The working
/// arrays are kept from one reading to the next.
struct WindowAssembly {
    /// What is known of an entity's window before its entries are looked at.
    private struct Row {
        var slot: Int
        var entries = 0
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
        var returned = Returned()
    }

    /// An entity with more entries in its window is summed up from a part of them, evenly spaced.
    private static let mostEntries = 4_096

    private var rows: [Row] = []
    private var ends: [Int] = []
    private var places: [EntryPosition] = []
    private var decays = Decays()
    private var summary = WindowSummary()

    /// The windows of one view.
    mutating func assemble(
        _ view: Entity.View, of frames: [Frame], table: inout EntityTable, in scope: WindowScope
    ) -> WindowBatch {
        table.bringUpToDate(now: scope.now, decays: &decays)
        rows.removeAll(keepingCapacity: true)
        guard let newest = frames.last else { return WindowBatch() }
        for entry in newest.entries {
            guard let slot = table.slot(of: entry.end(view)),
                table.histories.values[slot].rowReading != scope.reading
            else { continue }
            table.histories.values[slot].rowReading = scope.reading
            table.histories.values[slot].row = Int32(rows.count)
            rows.append(Row(slot: slot))
        }
        guard !rows.isEmpty else { return WindowBatch() }
        count(view, frames, table, scope)
        place(view, frames, table, scope)
        return summarize(view, frames, table, scope)
    }

    /// The row of an entity, if it has one at this reading.
    private func row(of reference: EntityReference, in table: EntityTable, _ scope: WindowScope) -> Int? {
        guard let slot = table.slot(of: reference), table.histories.values[slot].rowReading == scope.reading
        else {
            return nil
        }
        return Int(table.histories.values[slot].row)
    }

    private mutating func count(
        _ view: Entity.View, _ frames: [Frame], _ table: EntityTable, _ scope: WindowScope
    ) {
        for frame in frames {
            for index in frame.entries.indices {
                if let row = row(of: frame.entries[index].end(view), in: table, scope) {
                    rows[row].entries += 1
                    rows[row].packets &+= frame.samples[index].packets
                    rows[row].bytes &+= frame.samples[index].bytes
                }
                if let row = row(of: frame.entries[index].otherEnd(view), in: table, scope) {
                    rows[row].returned.bytes &+= frame.samples[index].bytes
                    rows[row].returned.resets &+= frame.samples[index].rst
                }
            }
        }
    }

    private mutating func place(
        _ view: Entity.View, _ frames: [Frame], _ table: EntityTable, _ scope: WindowScope
    ) {
        ends.removeAll(keepingCapacity: true)
        var end = 0
        for row in rows {
            ends.append(end)
            end += row.entries
        }
        if places.count < end { places += Array(repeating: .none, count: end - places.count) }
        for (number, frame) in frames.enumerated() {
            for index in frame.entries.indices {
                guard let row = row(of: frame.entries[index].end(view), in: table, scope) else { continue }
                places[ends[row]] = EntryPosition(reading: UInt32(number), index: UInt32(index))
                ends[row] += 1
            }
        }
    }

    private mutating func summarize(
        _ view: Entity.View, _ frames: [Frame], _ table: EntityTable, _ scope: WindowScope
    ) -> WindowBatch {
        var batch = WindowBatch()
        let kept = min(rows.count, scope.maximumWindows)
        batch.windows.reserveCapacity(kept)
        batch.features.reserveCapacity(kept * FeatureSchema.count)
        var fewest: UInt64 = 0
        var ties = 0
        if rows.count > kept {
            fewest = rows.map(\.packets).sorted(by: >)[kept - 1]
            ties = kept - rows.count { $0.packets > fewest }
        }
        for (index, row) in rows.enumerated() {
            if row.packets == fewest {
                ties -= 1
                guard ties >= 0 else { continue }
            }
            guard row.packets >= fewest else { continue }
            let history = table.histories.values[row.slot]
            let step = 1 + row.entries / Self.mostEntries
            summary.begin(view, flows: row.entries / step, step: step, returned: row.returned, scope: scope)
            for number in stride(from: ends[index] - row.entries, to: ends[index], by: step) {
                let frame = Int(places[number].reading)
                let entry = Int(places[number].index)
                summary.add(
                    frames[frame].entries[entry], frames[frame].samples[entry], oldest: frames[0].number)
            }
            summary.scale(packets: row.packets, bytes: row.bytes)
            if view == .destination { summary.addAside(frames, to: history.prefix.address) }
            summary.appendFeatures(history, to: &batch.features)
            batch.windows.append(
                Window(
                    entity: Entity(view: view, prefix: history.prefix), slot: row.slot,
                    serial: history.serial,
                    packets: summary.tally.packets, bytes: summary.tally.bytes,
                    evidence: summary.evidence(history)))
        }
        return batch
    }
}

extension Entry {
    /// The entity whose window of this view the entry is in.
    fileprivate func end(_ view: Entity.View) -> EntityReference { view == .source ? source : destination }

    /// The entity to which it is what came back.
    fileprivate func otherEnd(_ view: Entity.View) -> EntityReference {
        view == .source ? destinationAsSource : sourceAsDestination
    }
}

/// What came back to the entity in the window.
struct Returned {
    var bytes: UInt64 = 0
    var resets: UInt64 = 0
}
