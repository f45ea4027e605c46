package import Traffic

/// Turns readings into windows: what each source and each destination did in the last second, as features.
///
/// One window for each entity with traffic in the newest reading; it covers the last second and is evaluated anew
/// at each reading, so that a change shows after one reading and not after one second. Memory is bounded by the
/// configuration. The same readings give the same windows, bit by bit.
///
/// Who is seen for the first time with one single packet gets no window and no history: nothing can be told from
/// one packet, and a flood of forged sources consists of them.
package struct WindowBuilder {
    /// Span of a window.
    package static let span: Duration = .seconds(1)

    let configuration: WindowConfiguration
    /// The readings of the last second, oldest first.
    var frames: [Frame] = []
    /// Number of the newest reading; the first is 1.
    var readings: UInt32 = 0
    var now: Int64 = 0
    /// When the readings began, or began again after a pause: flows found running then did not begin then.
    var resumed: Int64 = 0
    /// When the watch began.
    var began: Int64 = 0
    var sources: EntityTable
    var destinations: EntityTable
    var conversations: BoundedTable<Conversation>
    var services: BoundedTable<Service>
    var callees: BoundedTable<Callee>
    /// By pairs (source, destination).
    var monologues: BoundedTable<Monologue>
    /// Pairs (destination, source) that were seen, with the time.
    var peers: BoundedTable<Int64>
    var serviceDecays = Decays()
    /// Conversations of late in which both directions were seen, and the time of the last of them.
    var answeredConversations = 0
    var lastAnswered: Int64 = 0
    var assembly = WindowAssembly()
    /// An empty array with room, for the next reading's entries.
    var spareEntries: [Entry] = []

    package init(configuration: WindowConfiguration = WindowConfiguration()) {
        self.configuration = configuration
        let nobody = History(prefix: Prefix(Address(ipv4: 0)), now: 0)
        sources = EntityTable(capacity: configuration.sourceCapacity, empty: nobody)
        destinations = EntityTable(capacity: configuration.destinationCapacity, empty: nobody)
        conversations = BoundedTable(capacity: configuration.conversationCapacity, empty: Conversation())
        services = BoundedTable(
            capacity: configuration.serviceCapacity, empty: Service(born: 0, lastStart: 0, updated: 0))
        callees = BoundedTable(capacity: configuration.serviceCapacity / 4, empty: Callee())
        monologues = BoundedTable(
            capacity: configuration.serviceCapacity / 16, empty: Monologue(last: 0, packets: 0))
        peers = BoundedTable(capacity: configuration.serviceCapacity, empty: 0)
    }

    /// How many are remembered now.
    package var tracked: TrackedCounts {
        TrackedCounts(
            sources: sources.histories.count, destinations: destinations.histories.count,
            conversations: conversations.count, services: services.count)
    }

    /// How many had to leave for others so far, since the tables have a fixed size: the least important of their set.
    package var evicted: TrackedCounts {
        TrackedCounts(
            sources: Int(clamping: sources.histories.evicted),
            destinations: Int(clamping: destinations.histories.evicted),
            conversations: Int(clamping: conversations.evicted), services: Int(clamping: services.evicted))
    }

    /// Where the entity's history is kept, as in its windows; `nil` if it has none.
    package func slot(of entity: Entity) -> Int? {
        let table = entity.view == .source ? sources : destinations
        let reference = table.find(StableHash.of(entity.prefix.address))
        return table.slot(of: reference)
    }

    /// Whether answers can be seen at all.
    ///
    /// A hook on one interface of a gateway, or a mirror port, may see one direction only. Then every flow looks
    /// unanswered, so nothing is called unanswered until three conversations of the last ten minutes showed both
    /// directions, or one connection in which both sides sent data.
    package var seesBothWays: Bool {
        answeredConversations >= Self.enoughAnswered && now - lastAnswered <= 600_000_000_000
    }

    /// Conversations that show that answers are seen: an answer or two may be a chance of routing.
    static let enoughAnswered = 3

    /// Takes in one reading.
    ///
    /// - Returns: the windows of all sources and destinations that had traffic in it.
    package mutating func observe(_ reading: Reading) -> (source: WindowBatch, destination: WindowBatch) {
        // Times are cut to what differences of them cannot overflow: captures may hold anything.
        let end = min(max(reading.end.nanoseconds, 0), 1 << 61)
        let start = min(max(reading.start.nanoseconds, 0), end)
        if frames.isEmpty || start - now > 2_000_000_000 || now - end > 1_000_000_000 {
            // The first reading, a pause, or a clock that was set back: what runs now began before.
            resumed = start
            if readings == 0 { began = start }
            settle(frames.count)
        }
        now = end
        readings &+= 1
        let begin = end - Self.span.nanoseconds
        settle(frames.prefix { ($0.start + $0.end) / 2 <= begin }.count)
        ingest(reading, start: start)
        chainFlows()
        let scope = WindowScope(
            now: now, reading: readings, seesBothWays: seesBothWays,
            maximumWindows: configuration.maximumWindows)
        return (
            assembly.assemble(.source, of: frames, table: &sources, in: scope),
            assembly.assemble(.destination, of: frames, table: &destinations, in: scope)
        )
    }

    /// Sums the packets of each flow over its entries in the window, oldest first.
    private mutating func chainFlows() {
        guard let oldest = frames.first?.number else { return }
        for frame in frames.indices {
            for index in frames[frame].repeats {
                var packets = frames[frame].samples[index].packets
                let previous = frames[frame].entries[index].previous
                if previous.reading >= oldest {
                    packets &+=
                        frames[Int(previous.reading - oldest)].entries[Int(previous.index)].flowPackets
                }
                frames[frame].entries[index].flowPackets = packets
            }
        }
    }

    /// Takes the oldest `count` readings out of the window, and writes down which of their flows got no answer.
    private mutating func settle(_ count: Int) {
        guard count > 0 else { return }
        for frame in frames.prefix(count) {
            for entry in frame.entries where entry.traits.contains(.isNew) {
                if entry.traits.contains(.isEstablished) { countUnserved(entry) }
                let failed = hasFailed(entry)
                let unanswered = isUnanswered(entry)
                guard failed || unanswered else { continue }
                if let slot = sources.slot(of: entry.source) {
                    sources.list(slot, reading: readings)
                    if unanswered { sources.histories.values[slot].add(1, to: .unanswered) }
                    if failed, entry.traits.contains(.isNovelService) {
                        sources.histories.values[slot].add(1, to: .failedServices)
                    }
                }
                if unanswered, let slot = destinations.slot(of: entry.destination) {
                    destinations.list(slot, reading: readings)
                    destinations.histories.values[slot].add(1, to: .unanswered)
                }
            }
        }
        // The array of the newest that leaves is used again: allocating and clearing it anew costs more than filling it.
        spareEntries = frames[count - 1].entries
        frames.removeFirst(count)
        spareEntries.removeAll(keepingCapacity: true)
    }

    func isUnanswered(_ entry: Entry) -> Bool {
        seesBothWays && entry.traits.isDisjoint(with: [.isAnswered, .expectsNoAnswer])
    }

    func hasFailed(_ entry: Entry) -> Bool { entry.traits.contains(.isRefused) || isUnanswered(entry) }
}
