import Traffic

extension WindowBuilder {
    /// Adds a reading's samples to the window, the histories and the conversations.
    mutating func ingest(_ reading: Reading, start: Int64) {
        let aside = reading.totals.aside
        var frame = Frame(
            number: readings, start: start, end: now, samples: reading.samples, entries: spareEntries,
            aside: aside.packets > 0 ? reading.aside : nil,
            asideLength: Double(aside.bytes) / Double(max(1, aside.packets)), asideNoise: 0)
        if let sketch = frame.aside {
            // An estimate is too high by about (all packets aside) / width on average; e times that with
            // probability exp(-4).
            frame.asideNoise = 3 * aside.packets / UInt64(max(1, sketch.width))
        }
        spareEntries = []
        frame.entries.reserveCapacity(frame.samples.count)
        for (index, sample) in frame.samples.enumerated() {
            var entry = Entry(
                sourceHash: StableHash.of(sample.key.source),
                destinationHash: StableHash.of(sample.key.destination),
                first: min(max(sample.first.nanoseconds, start), now),
                last: min(max(sample.last.nanoseconds, start), now))
            entry.flowPackets = sample.packets
            converse(sample, at: UInt32(truncatingIfNeeded: index), entry: &entry)
            frame.entries.append(entry)
            if entry.previous.reading > 0 { frame.repeats.append(index) }
        }
        frames.append(frame)
        // A second pass, since a flow's answer may stand before it in the same reading.
        let last = frames.count - 1
        for index in frames[last].samples.indices { judge(index, frame: last) }
    }

    /// Notes what a sample says about its conversation, and begins that where it is new.
    private mutating func converse(_ sample: FlowSample, at index: UInt32, entry: inout Entry) {
        let orientation = Orientation(
            sample.key, source: entry.sourceHash, destination: entry.destinationHash)
        if orientation.isNotice || sample.key.destination.isMulticastOrBroadcast
            || sample.key.source.isUnspecified
        {
            entry.traits.insert(.expectsNoAnswer)
        }
        let slot =
            conversations.slot(of: orientation.hash)
            ?? conversations.insert(orientation.hash, Conversation(), worth: Conversation.worth)
        let direction = orientation.direction
        let answerIsAlive = conversations.values[slot][1 - direction].isAlive(at: now)
        var mine = conversations.values[slot][direction]
        if !mine.isAlive(at: entry.first) {
            if !answerIsAlive { conversations.values[slot] = Conversation() }
            mine = Conversation.Direction()
            mine.first = entry.first
            entry.traits.insert(.isNew)
            if answerIsAlive {
                answeredConversations = now - lastAnswered > 600_000_000_000 ? 1 : answeredConversations + 1
                lastAnswered = now
            }
        }
        mine.last = max(mine.last, entry.last)
        mine.marks.formUnion(Conversation.Marks(of: sample))
        if mine.position.reading >= (frames.first?.number ?? readings) { entry.previous = mine.position }
        mine.position = EntryPosition(reading: readings, index: index)
        conversations.values[slot][direction] = mine
        entry.conversation = Int32(slot)
        entry.direction = Int8(direction)
    }

    /// Decides who began the conversation and what the flow tells of its source, and adds it to the histories.
    private mutating func judge(_ index: Int, frame: Int) {
        let sample = frames[frame].samples[index]
        guard sample.packets > 0 else { return }
        var entry = frames[frame].entries[index]
        let slot = Int(entry.conversation)
        let direction = Int(entry.direction)
        if conversations.values[slot].initiator < 0 {
            decideInitiator(of: slot, key: sample.key, direction: direction)
        }
        let conversation = conversations.values[slot]
        let mine = conversation[direction]
        let answer = conversation[1 - direction]
        if Int(conversation.initiator) == direction, !entry.traits.contains(.expectsNoAnswer) {
            entry.traits.insert(.isInitiated)
        }
        let ranBefore =
            sample.key.protocol == .tcp && mine.marks.isDisjoint(with: [.syn, .stray])
            && !answer.marks.contains(.reset) && entry.first - resumed < 2_000_000_000
        if !entry.traits.contains(.isInitiated) || ranBefore { entry.traits.remove(.isNew) }
        if mine.marks.contains(.takesPart) {
            entry.traits.insert(.takesPart)
            mark(entry.previous, .takesPart)
        }
        if answer.isAlive(at: now) {
            var marks: Entry.Traits = [.isAnswered]
            if conversation.isEstablished {
                marks.insert(.isEstablished)
            } else if conversation[1 - Int(conversation.initiator)].marks.contains(.reset) {
                marks.insert(.isRefused)
            }
            entry.traits.formUnion(marks)
            mark(entry.previous, marks)
            mark(answer.position, marks)
        }
        enter(&entry, sample: sample)
        if entry.traits.contains(.isInitiated) { repeatService(&entry, key: sample.key) }
        if entry.traits.contains(.isNew), isNovelPeer(entry) { entry.traits.insert(.isNovelPeer) }
        frames[frame].entries[index] = entry
        remember(entry, sample)
    }

    /// Marks a flow's entries in the window, from the newest back.
    private mutating func mark(_ newest: EntryPosition, _ marks: Entry.Traits) {
        guard let oldest = frames.first?.number else { return }
        var position = newest
        while position.reading >= oldest, position.reading <= readings {
            let frame = Int(position.reading - oldest)
            let index = Int(position.index)
            guard frames.indices.contains(frame), frames[frame].entries.indices.contains(index),
                !frames[frame].entries[index].traits.isSuperset(of: marks)
            else { return }
            frames[frame].entries[index].traits.formUnion(marks)
            position = frames[frame].entries[index].previous
        }
    }

    /// Who began: TCP flags tell, else time, else the port (services listen on low ones).
    private mutating func decideInitiator(of slot: Int, key: FlowKey, direction: Int) {
        let mine = conversations.values[slot][direction]
        let other = conversations.values[slot][1 - direction]
        let sawOther = other.isAlive(at: now)
        let looksLikeAnswer = key.sourcePort < key.destinationPort
        let isMine: Bool
        if key.protocol.isICMP {
            isMine = direction == 0
        } else if key.protocol == .tcp {
            if mine.marks.contains(.syn) != other.marks.contains(.syn) {
                isMine = mine.marks.contains(.syn)
            } else if mine.marks.contains(.synAck) != other.marks.contains(.synAck) {
                isMine = other.marks.contains(.synAck)
            } else if mine.marks.contains(.stray) != other.marks.contains(.stray) {
                isMine = mine.marks.contains(.stray)
            } else if mine.marks.isSubset(of: [.reset, .close]) || other.marks == [.reset, .close] {
                // Resets alone answer something, seen or not.
                isMine = !mine.marks.isSubset(of: [.reset, .close])
            } else {
                isMine = sawOther && mine.first != other.first ? mine.first < other.first : !looksLikeAnswer
            }
        } else if sawOther {
            isMine = mine.first == other.first ? !looksLikeAnswer : mine.first < other.first
        } else {
            // Where answers are not seen, or the question may have been before the first reading.
            let isUncertain = !seesBothWays || mine.first - resumed < 1_000_000_000
            isMine = !(isUncertain && key.sourcePort < 1024 && key.destinationPort >= 1024)
        }
        conversations.values[slot].initiator = Int8(isMine ? direction : 1 - direction)
    }

    /// Whether the destination never heard of the source before; who has no history is new to everybody.
    private mutating func isNovelPeer(_ entry: Entry) -> Bool {
        guard entry.destination.slot >= 0, entry.source.slot >= 0 else { return entry.destination.slot >= 0 }
        let pair = StableHash.combine(entry.destinationHash, ~entry.sourceHash)
        guard peers.slot(of: pair) == nil else { return false }
        _ = peers.insert(pair, now) { $0 }
        return true
    }

    /// Finds the entities at both ends, giving them histories where due.
    private mutating func enter(_ entry: inout Entry, sample: FlowSample) {
        let source = sample.key.source
        if !source.isMulticastOrBroadcast, !source.isUnspecified {
            let prefix = configuration.sourcePrefix(of: source)
            let hash = prefix.isSingleAddress ? entry.sourceHash : StableHash.of(prefix.address)
            entry.source = sources.enter(hash, packets: sample.packets, now: now, prefix: prefix)
            if entry.source.slot >= 0 { entry.sourceAsDestination = destinations.find(entry.sourceHash) }
        }
        let destination = sample.key.destination
        if !destination.isMulticastOrBroadcast, !destination.isUnspecified {
            entry.destination = destinations.enter(
                entry.destinationHash, packets: sample.packets, now: now, prefix: Prefix(destination))
            let prefix = configuration.sourcePrefix(of: destination)
            entry.destinationAsSource = sources.find(
                prefix.isSingleAddress ? entry.destinationHash : StableHash.of(prefix.address))
        }
    }

    /// Counts the flow for its service.
    private mutating func repeatService(_ entry: inout Entry, key: FlowKey) {
        guard let source = sources.slot(of: entry.source) else { return }
        let number = UInt64(key.protocol.rawValue) << 16 | UInt64(key.destinationPort)
        let host = StableHash.of(sources.histories.values[source].prefix.address)
        let hash = StableHash.combine(StableHash.combine(host, entry.destinationHash), number)
        let isNew = entry.traits.contains(.isNew)
        let known = services.slot(of: hash)
        let slot =
            known
            ?? services.insert(hash, Service(lastStart: entry.first, updated: now), worth: Service.worth)
        serviceDecays.set(nanoseconds: now - services.values[slot].updated)
        services.values[slot].decay(to: now, by: serviceDecays)
        if isNew {
            services.values[slot].begin(at: entry.first, isFirst: known == nil)
            if known == nil { entry.traits.insert(.isNovelService) }
        }
        entry.service = Int32(slot)
        countUnserved(entry)
        entry.repeat60 = services.values[slot].count60
        entry.repeat600 = services.values[slot].count600
        entry.regularity = services.values[slot].regularity
        entry.unserved = services.values[slot].unserved
        if key.protocol == .tcp { entry.traits.insert(.isTCP) }
        entry.traits.formUnion(LoginPorts.traits(of: key))
    }

    /// Keeps account of connections that are open and were not served a byte for a second.
    mutating func countUnserved(_ entry: Entry) {
        guard entry.service >= 0, entry.conversation >= 0 else { return }
        let conversation = conversations.values[Int(entry.conversation)]
        guard Int8(conversation.initiator) == entry.direction, conversation.isEstablished else { return }
        let mine = conversation[Int(entry.direction)]
        let answer = conversation[1 - Int(entry.direction)]
        let waits =
            answer.marks.isDisjoint(with: [.data, .close]) && !mine.marks.contains(.close)
            && now - mine.first > 800_000_000
        guard waits != conversation.isUnserved else { return }
        conversations.values[Int(entry.conversation)].isUnserved = waits
        let before = services.values[Int(entry.service)].unserved
        services.values[Int(entry.service)].unserved = max(0, before + (waits ? 1 : -1))
    }

    /// Adds a sample to what is pending in the histories of both ends.
    private mutating func remember(_ entry: Entry, _ sample: FlowSample) {
        let isDNS =
            sample.key.protocol == .udp && (sample.key.destinationPort == 53 || sample.key.sourcePort == 53)
        let packets = Float(sample.packets)
        let bytes = Float(sample.bytes)
        let isNew = entry.traits.contains(.isNew)
        func addOutgoing(to history: inout History, isNovel: Bool, usualQuery: Float) {
            history.add(packets, to: .packets)
            history.add(bytes, to: .bytes)
            if isNew { history.add(1, to: .newFlows) }
            if isNovel { history.add(1, to: .novel) }
            if isDNS {
                history.add(bytes, to: .dnsBytes)
                history.add(bytes - usualQuery * packets, to: .dnsExcess)
            } else if sample.key.protocol.isICMP {
                history.add(bytes - 100 * packets, to: .icmpExcess)
            }
            if sample.key.protocol == .tcp { history.add(Float(sample.fin + sample.rst), to: .closes) }
        }
        if let slot = sources.slot(of: entry.source) {
            sources.list(slot, reading: readings)
            sources.histories.values[slot].lastReading = readings
            addOutgoing(
                to: &sources.histories.values[slot], isNovel: entry.traits.contains(.isNovelService),
                usualQuery: 95)
        }
        if let slot = destinations.slot(of: entry.destination) {
            destinations.list(slot, reading: readings)
            destinations.histories.values[slot].lastReading = readings
            addOutgoing(
                to: &destinations.histories.values[slot], isNovel: entry.traits.contains(.isNovelPeer),
                usualQuery: 300)
        }
        if let slot = sources.slot(of: entry.destinationAsSource) {
            sources.list(slot, reading: readings)
            sources.histories.values[slot].add(bytes, to: .bytesBack)
            sources.histories.values[slot].add(Float(sample.rst), to: .resetsReceived)
            // A tunnel's answers are long too, whichever way it carries more.
            if isDNS, entry.traits.contains(.isAnswered) {
                sources.histories.values[slot].add(max(0, bytes - 300 * packets), to: .dnsExcess)
            }
        }
        if let slot = destinations.slot(of: entry.sourceAsDestination) {
            destinations.list(slot, reading: readings)
            destinations.histories.values[slot].add(bytes, to: .bytesBack)
            destinations.histories.values[slot].add(Float(sample.rst), to: .resetsReceived)
        }
    }
}

extension Conversation.Marks {
    /// A frame beyond this length carries data: the longest headers without are IPv6 and TCP with a full set of
    /// options, 14 + 40 + 60, and two VLAN tags would make 122; a bare acknowledgement has 66 to 86.
    private static let longestHeaders: UInt16 = 100

    init(of sample: FlowSample) {
        self = []
        guard sample.key.protocol == .tcp else { return }
        if sample.syn > 0 { insert(.syn) }
        if sample.synAck > 0 { insert(.synAck) }
        if sample.ack > sample.synAck &+ sample.rst { insert(.takesPart) }
        if sample.packets > sample.ack &+ sample.syn &+ sample.rst { insert(.stray) }
        if sample.rst > 0 { formUnion([.reset, .close]) }
        if sample.fin > 0 { insert(.close) }
        if sample.maximumLength > Self.longestHeaders { insert(.data) }
    }
}
