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
        matchMonologues()
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
        mine.bytes += UInt32(min(sample.bytes, UInt64(UInt32.max - mine.bytes)))
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
                if mine.marks.contains(.data), answer.marks.contains(.data) {
                    marks.insert(.isServed)
                    // One session that lasts all night shows it as well as many short ones.
                    answeredConversations = max(answeredConversations, Self.enoughAnswered)
                    lastAnswered = now
                }
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
    mutating func mark(_ newest: EntryPosition, _ marks: Entry.Traits) {
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
}
