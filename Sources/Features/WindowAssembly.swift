import Traffic

/// What holds for all windows of one reading.
struct WindowScope {
    var now: Int64
    var seesBothWays: Bool
    var maximumWindows: Int
}

/// Puts the entries of the window in order by entity, and sums each entity's up.
///
/// A counting sort: entries are counted as they come and go, one pass places them, and then each entity's stand together. The working
/// arrays are kept from one reading to the next.
struct WindowAssembly: ~Copyable {
    /// So many entries, and histories, are asked for ahead of their turn.
    fileprivate static var ahead: Int { 16 }
    fileprivate static var historiesAhead: Int { 4 }

    /// Positions of entries, by entity; of either view.
    private var sourcePlaces = Slots(repeating: EntryLog.nowhere, atLeast: 1)
    private var destinationPlaces = Slots(repeating: EntryLog.nowhere, atLeast: 1)
    private var decays = Decays()
    private var summary = WindowSummary()

    /// The windows of both views.
    mutating func assemble(
        of frames: [Frame], _ log: borrowing EntryLog, sources: inout EntityTable,
        destinations: inout EntityTable, in scope: WindowScope
    ) -> (source: WindowBatch, destination: WindowBatch) {
        sources.bringUpToDate(now: scope.now, decays: &decays)
        destinations.bringUpToDate(now: scope.now, decays: &decays)
        let chosenSources = choose(scope.maximumWindows, of: &sources)
        let chosenDestinations = choose(scope.maximumWindows, of: &destinations)
        place(log, &sources, &destinations)
        let batches = (
            summary.windows(.source, of: chosenSources, sourcePlaces, frames, log, &sources, in: scope),
            summary.windows(
                .destination, of: chosenDestinations, destinationPlaces, frames, log, &destinations, in: scope
            )
        )
        sources.rest()
        destinations.rest()
        return batches
    }

    /// Gives places to the entities with the most packets; of those with equally many, to the first.
    ///
    /// - Returns: their slots.
    private func choose(_ most: Int, of table: inout EntityTable) -> [Int32] {
        var chosen = table.active
        if chosen.count > most {
            let packets = table.active.indices.map { number in
                table.prefetch(accountIn: table.active[min(number + Self.ahead, table.active.count - 1)])
                return table[accountIn: Int(table.active[number])].volume.x
            }
            let fewest = Self.least(packets, ofThe: most)
            var ties = most - packets.count { $0 > fewest }
            chosen.removeAll(keepingCapacity: true)
            for (slot, packets) in zip(table.active, packets) where packets >= fewest {
                if packets == fewest {
                    ties -= 1
                    guard ties >= 0 else { continue }
                }
                chosen.append(slot)
            }
        }
        var place = Int32(0)
        for slot in chosen {
            table[accountIn: Int(slot)].place = place
            place += table[accountIn: Int(slot)].entries
        }
        return chosen
    }

    /// The largest number that at least so many have or exceed, by bisection.
    private static func least(_ numbers: [UInt64], ofThe most: Int) -> UInt64 {
        var (least, greatest) = (UInt64(0), numbers.max() ?? 0)
        while least < greatest {
            let middle = greatest - (greatest - least) / 2
            if numbers.count(where: { $0 >= middle }) >= most {
                least = middle
            } else {
                greatest = middle - 1
            }
        }
        return least
    }

    private mutating func place(
        _ log: borrowing EntryLog, _ sources: inout EntityTable, _ destinations: inout EntityTable
    ) {
        // What has no place is put into the last one, which is one too many.
        if sourcePlaces.count <= log.count {
            sourcePlaces = Slots(repeating: EntryLog.nowhere, atLeast: log.count + 1)
            destinationPlaces = Slots(repeating: EntryLog.nowhere, atLeast: log.count + 1)
        }
        for position in log.oldest..<log.next {
            let next = log.ends(at: position &+ 2 &* Int64(Self.ahead))
            sources.prefetch(next.source)
            destinations.prefetch(next.destination)
            let ends = log.ends(at: position)
            sourcePlaces[masked: sources.place(ends.source)] = position
            destinationPlaces[masked: destinations.place(ends.destination)] = position
        }
    }
}

extension WindowSummary {
    /// An entity with more entries in its window is summed up from a part of them, evenly spaced.
    private static var mostEntries: Int { 4_096 }

    /// The windows of some entities of a view, whose entries stand at these places.
    fileprivate mutating func windows(
        _ view: Entity.View, of chosen: [Int32], _ places: borrowing Slots<Int64>, _ frames: [Frame],
        _ log: borrowing EntryLog, _ table: inout EntityTable, in scope: WindowScope
    ) -> WindowBatch {
        var batch = WindowBatch()
        batch.features = Array(capacity: chosen.count * FeatureSchema.count) { features in
            batch.windows = Array(capacity: chosen.count) { windows in
                for number in chosen.indices {
                    let ahead = min(number + WindowAssembly.historiesAhead, chosen.count - 1)
                    table.prefetch(historyIn: Int(chosen[ahead]))
                    let slot = Int(chosen[number])
                    sumUp(view, table[accountIn: slot], places, log, scope)
                    let prefix = conclude(&table[historyIn: slot], frames, features: &features)
                    windows.append(
                        Window(
                            entity: Entity(view: view, prefix: prefix), slot: slot,
                            serial: table[accountIn: slot].serial, packets: tally.packets, bytes: tally.bytes,
                            evidence: evidence, isSilent: table[accountIn: slot].isSilent))
                }
            }
        }
        return batch
    }

    @inline(__always)
    private mutating func sumUp(
        _ view: Entity.View, _ account: EntityTable.Account, _ places: borrowing Slots<Int64>,
        _ log: borrowing EntryLog, _ scope: WindowScope
    ) {
        let (entries, end) = (Int(account.entries), Int(account.place))
        let step = 1 + entries / Self.mostEntries
        begin(view, flows: entries / step, step: step, returned: account.returned, scope: scope)
        var number = end - entries
        while number < end {
            // Most entities have few entries: these may be the next one's.
            log.prefetch(places[masked: number &+ WindowAssembly.ahead &* step])
            add(places[masked: number], of: log)
            number &+= step
        }
        scale(packets: account.volume.x, bytes: account.volume.y)
    }
}
