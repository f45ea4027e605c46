package import Traffic

/// Turns readings into windows: what each source and each destination did in the last second, as features.
///
/// One window for each entity with traffic in the newest reading; it covers the last second and is evaluated anew
/// at each reading, so that a change shows after one reading and not after one second. Memory is bounded by the
/// configuration. The same readings give the same windows, bit by bit, in whatever order their samples are.
///
/// Who is seen for the first time with one single packet gets no window and no history: nothing can be told from
/// one packet, and a flood of forged sources consists of them.
package struct WindowBuilder: ~Copyable {
    /// Span of a window.
    package static let span: Duration = .seconds(1)

    let configuration: WindowConfiguration
    /// The readings of the last second, oldest first.
    var frames: [Frame] = []
    var log = EntryLog()
    var now: Int64 = 0
    /// When the readings began, or began again after a pause: flows found running then did not begin then.
    var resumed: Int64 = 0
    /// When the watch began, if it did.
    var began: Int64 = 0
    private var hasBegun = false
    var sources: EntityTable
    var destinations: EntityTable
    var conversations: BoundedTable<Conversation>
    var services: BoundedTable<Service>
    var callees: BoundedTable<Callee>
    /// By pairs (source, destination).
    var monologues: BoundedTable<Monologue>
    var nextServiceSerial: UInt32 = 1
    /// Pairs (destination, source) that were seen, with the time.
    var peers: BoundedTable<Int64>
    var serviceDecays = Decays()
    /// Conversations of late in which both directions were seen, and the time of the last of them.
    var answeredConversations = 0
    var lastAnswered: Int64 = 0
    var order = SampleOrder()
    var beginnings = Beginnings()
    /// Positions of the newest reading's flows of datagrams, but for single ones.
    var datagrams: [Int64] = []
    private var assembly = WindowAssembly()

    package init(configuration: WindowConfiguration = WindowConfiguration()) {
        self.configuration = configuration
        sources = EntityTable(capacity: configuration.sourceCapacity)
        destinations = EntityTable(capacity: configuration.destinationCapacity)
        conversations = BoundedTable(
            capacity: configuration.conversationCapacity,
            empty: Conversation(source: 0, destination: 0, direction: 0))
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
            sources: sources.count, destinations: destinations.count,
            conversations: conversations.count, services: services.count)
    }

    /// How many had to leave for others so far, since the tables have a fixed size: the least important of their set.
    package var evicted: TrackedCounts {
        TrackedCounts(
            sources: Int(clamping: sources.evicted),
            destinations: Int(clamping: destinations.evicted),
            conversations: Int(clamping: conversations.evicted), services: Int(clamping: services.evicted))
    }

    /// Where the entity's history is kept, as in its windows; `nil` if it has none.
    package func slot(of entity: Entity) -> Int? {
        let hash = StableHash.of(entity.prefix.address)
        return entity.view == .source
            ? sources.slot(of: sources.find(hash)) : destinations.slot(of: destinations.find(hash))
    }

    /// Whether answers can be seen at all.
    ///
    /// A hook on one interface of a gateway, or a mirror port, may see one direction only. Then every flow looks
    /// unanswered, so nothing is called unanswered until three conversations of the last ten minutes showed both
    /// directions, or one connection in which both sides sent data.
    package var seesBothWays: Bool {
        answeredConversations >= Self.enoughAnswered && now - lastAnswered <= 600_000_000_000
    }

    /// So many entries are asked for ahead of their turn.
    private static var ahead: Int64 { 32 }

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
            if !hasBegun { began = start }
            settle(frames.count)
        }
        now = end
        hasBegun = true
        let begin = end - Self.span.nanoseconds
        settle(frames.prefix { ($0.start + $0.end) / 2 <= begin }.count)
        ingest(reading, start: start)
        chainFlows()
        let scope = WindowScope(
            now: now, seesBothWays: seesBothWays,
            maximumWindows: configuration.maximumWindows)
        return assembly.assemble(
            of: frames, log, sources: &sources, destinations: &destinations, in: scope)
    }

    /// Sums the packets of each flow over its entries in the window, oldest first.
    private mutating func chainFlows() {
        for frame in frames {
            for position in frame.repeats {
                var packets = log[position].packets
                let previous = log[position].previous
                if log.contains(previous) { packets &+= log[previous].flowPackets }
                log[position].flowPackets = packets
            }
        }
    }

    /// Takes the oldest `count` readings out of the window, and writes down which of their flows got no answer.
    private mutating func settle(_ count: Int) {
        guard count > 0 else { return }
        let end = count < frames.count ? frames[count].first : log.next
        var position = log.oldest
        while position < end {
            prefetch(log.ends(at: position &+ Self.ahead))
            prefetch(log.ends(at: position &+ Self.ahead &+ 1))
            if log[position].traits.contains(.isNew) { settle(at: position) }
            let ends = log.ends(at: position)
            let traffic = log.traffic(at: position)
            // Mostly the flow that answers is the next one.
            if position + 1 < end, log.ends(at: position + 1) == ends.reversed {
                position += 1
                if log[position].traits.contains(.isNew) { settle(at: position) }
                let back = log.traffic(at: position)
                sources.discount(ends.source, traffic, back: back)
                destinations.discount(ends.destination, traffic, back: back)
                sources.discount(ends.destinationAsSource, back, back: traffic)
                destinations.discount(ends.sourceAsDestination, back, back: traffic)
            } else {
                sources.discount(ends.source, traffic)
                destinations.discount(ends.destination, traffic)
                sources.discount(ends.destinationAsSource, back: traffic)
                destinations.discount(ends.sourceAsDestination, back: traffic)
            }
            position += 1
        }
        log.removeAll(before: end)
        frames.removeFirst(count)
    }

    @inline(__always)
    private func prefetch(_ ends: EntryEnds) {
        sources.prefetch(ends.source)
        destinations.prefetch(ends.destination)
        sources.prefetch(ends.destinationAsSource)
        destinations.prefetch(ends.sourceAsDestination)
    }

    /// Writes down whether a new flow, which leaves the window, got an answer.
    private mutating func settle(at position: Int64) {
        let entry = log[position]
        if entry.traits.contains(.isEstablished), entry.service >= 0 {
            countUnserved(standing(of: position), service: Int(entry.service))
        }
        let failed = hasFailed(entry)
        let unanswered = isUnanswered(entry)
        guard failed || unanswered else { return }
        let ends = log.ends(at: position)
        if let slot = sources.slot(of: ends.source) {
            if unanswered { sources.post(slot, .unanswered, 1) }
            if failed, entry.traits.contains(.isNovelService) {
                sources.post(slot, .failedServices, 1)
                // Who has fallen silent is judged once more, when it is known what came of it.
                sources.wake(slot)
            }
        }
        if unanswered, let slot = destinations.slot(of: ends.destination) {
            destinations.post(slot, .unanswered, 1)
        }
    }

    func isUnanswered(_ entry: Entry) -> Bool {
        seesBothWays && entry.traits.isDisjoint(with: [.isAnswered, .expectsNoAnswer])
    }

    func hasFailed(_ entry: Entry) -> Bool { entry.traits.contains(.isRefused) || isUnanswered(entry) }
}
