import Traffic

extension WindowBuilder {
    /// So many samples are worked on together: what they need of the tables is fetched at once, and fits into the
    /// first level of the cache (a dozen lines each).
    private static var block: Int { 32 }

    /// Adds a reading's samples to the window, the histories and the conversations.
    mutating func ingest(_ reading: Reading, start: Int64) {
        let aside = reading.totals.aside
        var frame = Frame(
            start: start, end: now, first: log.next, samples: reading.samples,
            aside: aside.packets > 0 ? reading.aside : nil,
            asideLength: Double(aside.bytes) / Double(max(1, aside.packets)), asideNoise: 0)
        if let sketch = frame.aside {
            // An estimate is too high by about (all packets aside) / width on average; e times that with
            // probability exp(-4).
            frame.asideNoise = 3 * aside.packets / UInt64(max(1, sketch.width))
        }
        log.reserve(frame.samples.count)
        order.arrange(frame.samples, from: start, to: now)
        for begin in stride(from: 0, to: frame.samples.count, by: Self.block) {
            let end = min(begin + Self.block, frame.samples.count)
            for number in begin..<end {
                let place = order[number]
                warmth &+= frame.samples[Int(place.index)].touch &+ conversations.touch(place.hash)
            }
            for number in begin..<end {
                let slot = conversations.slot(of: order[number].hash)
                order.note(slot, of: number)
                if let slot { warmth &+= conversations[slot].touch &+ conversations[slot].touchHosts }
            }
            for number in begin..<end {
                let position = frame.first + Int64(number)
                converse(frame.samples, at: position, order[number], start: start)
                if log[position].previous != EntryLog.nowhere { frame.repeats.append(position) }
                if log[position].packets > 0 { enter(position, of: frame.samples) }
            }
        }
        // A pass of its own, since a flow's answer may stand behind it, and is the answer to the question whether answers are seen.
        for begin in stride(from: 0, to: frame.samples.count, by: Self.block) {
            let end = min(begin + Self.block, frame.samples.count)
            for number in begin..<end {
                let slot = Int(log[frame.first + Int64(number)].conversation)
                warmth &+= conversations[slot].touch &+ conversations[slot].touchHosts
            }
            for number in begin..<end {
                let slot = Int(log[frame.first + Int64(number)].conversation)
                for host in 0..<2 {
                    warmth &+= sources.touch(conversations[slot].hosts[host].asSource)
                    warmth &+= destinations.touch(conversations[slot].hosts[host].asDestination)
                }
                let service = Int(conversations[slot].service.slot)
                if service >= 0 { warmth &+= services[service].touch }
            }
            for number in begin..<end {
                judge(frame.first + Int64(number), of: frame.samples, newest: frame.first)
            }
        }
        frames.append(frame)
        matchMonologues(newest: frame.first)
    }

    /// Notes what a sample says about its conversation, and begins that where it is new.
    @inline(__always)
    private mutating func converse(
        _ samples: [FlowSample], at position: Int64, _ place: SampleOrder.Place, start: Int64
    ) {
        let sample = samples[Int(place.index)]
        let first = min(max(sample.first.nanoseconds, start), now)
        let last = min(max(sample.last.nanoseconds, start), now)
        log.append(Entry(sample, number: place.index, first: first))
        let direction = Int(place.direction)
        var traits: Entry.Traits = []
        if place.isNotice || sample.key.destination.isMulticastOrBroadcast
            || sample.key.source.isUnspecified
        {
            traits.insert(.expectsNoAnswer)
        }
        let slot = conversation(
            of: place, source: log[position].sourceHash, destination: log[position].destinationHash)
        let answerIsAlive = conversations[slot].directions[1 - direction].isAlive(at: now)
        if !conversations[slot].directions[direction].isAlive(at: first) {
            if !answerIsAlive { conversations[slot].restart() }
            conversations[slot].directions[direction] = Conversation.Direction()
            conversations[slot].directions[direction].first = first
            traits.insert(.isNew)
            if answerIsAlive {
                answeredConversations = now - lastAnswered > 600_000_000_000 ? 1 : answeredConversations + 1
                lastAnswered = now
            }
        }
        let previous = conversations[slot].directions[direction].add(sample, last: last, at: position)
        log[position].note(
            conversation: slot, direction: direction, traits,
            previous: previous >= log.oldest ? previous : EntryLog.nowhere)
    }

    /// The slot of a flow's conversation.
    @inline(__always)
    private mutating func conversation(
        of place: SampleOrder.Place, source: UInt64, destination: UInt64
    ) -> Int {
        if place.slot >= 0, conversations.holds(place.hash, in: Int(place.slot)) { return Int(place.slot) }
        if let slot = conversations.slot(of: place.hash) { return slot }
        let slot = conversations.vacancy(for: place.hash) { conversations[$0].worth }
        conversations.put(
            place.hash,
            Conversation(source: source, destination: destination, direction: Int(place.direction)), in: slot)
        return slot
    }

    /// Decides who began the conversation and what the flow tells of its source, and adds it to the histories.
    ///
    /// The samples themselves are looked at only for what their entries have not, which is seldom: they would have to be
    /// fetched again.
    @inline(__always)
    private mutating func judge(_ position: Int64, of samples: [FlowSample], newest: Int64) {
        let slot = Int(log[position].conversation)
        let direction = Int(log[position].direction)
        if conversations[slot].initiator < 0 {
            decideInitiator(of: slot, log[position])
        }
        let mine = conversations[slot].directions[direction]
        let answer = conversations[slot].directions[1 - direction]
        let initiator = Int(conversations[slot].initiator)
        var traits = log[position].traits
        if initiator == direction, !traits.contains(.expectsNoAnswer) { traits.insert(.isInitiated) }
        let ranBefore =
            log[position].protocol == .tcp && mine.marks.isDisjoint(with: [.syn, .stray])
            && !answer.marks.contains(.reset) && log[position].first - resumed < 2_000_000_000
        if !traits.contains(.isInitiated) || ranBefore { traits.remove(.isNew) }
        let previous = log[position].previous
        if mine.marks.contains(.takesPart) {
            traits.insert(.takesPart)
            mark(previous, .takesPart)
        }
        if answer.isAlive(at: now) {
            var marks: Entry.Traits = [.isAnswered]
            if conversations[slot].isEstablished {
                marks.insert(.isEstablished)
                if mine.marks.contains(.data), answer.marks.contains(.data) {
                    marks.insert(.isServed)
                    // One session that lasts all night shows it as well as many short ones.
                    answeredConversations = max(answeredConversations, Self.enoughAnswered)
                    lastAnswered = now
                }
            } else if conversations[slot].directions[1 - initiator].marks.contains(.reset) {
                marks.insert(.isRefused)
            }
            traits.formUnion(marks)
            mark(previous, marks)
            // An answer in this reading is judged by itself, and comes to the same.
            if answer.position < newest { mark(answer.position, marks) }
        }
        log[position].traits = traits
        guard log[position].packets > 0 else { return }
        let ends = meet(position, of: samples)
        if traits.contains(.isInitiated) {
            repeatService(position, of: samples, source: ends.source)
            traits = log[position].traits
        }
        if traits.contains(.isNew), isNovelPeer(log[position], ends) {
            traits.insert(.isNovelPeer)
            log[position].traits = traits
        }
        remember(log[position], of: samples, ends)
    }

    /// Marks a flow's entries in the window, from the newest back.
    @inline(__always)
    mutating func mark(_ newest: Int64, _ marks: Entry.Traits) {
        var position = newest
        while log.contains(position), !log[position].traits.isSuperset(of: marks) {
            log[position].traits.formUnion(marks)
            position = log[position].previous
        }
    }

    /// Who began: TCP flags tell, else time, else the port (services listen on low ones).
    private mutating func decideInitiator(of slot: Int, _ entry: Entry) {
        let direction = Int(entry.direction)
        let mine = conversations[slot].directions[direction]
        let other = conversations[slot].directions[1 - direction]
        let sawOther = other.isAlive(at: now)
        let looksLikeAnswer = entry.sourcePort < entry.destinationPort
        let isMine: Bool
        if entry.protocol.isICMP {
            isMine = direction == 0
        } else if entry.protocol == .tcp {
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
            isMine = !(isUncertain && entry.sourcePort < 1024 && entry.destinationPort >= 1024)
        }
        conversations[slot].initiator = Int8(isMine ? direction : 1 - direction)
    }
}

extension FlowSample {
    /// Something of each of its lines (`BoundedTable.touch`).
    @inline(__always)
    fileprivate var touch: UInt64 {
        key.source.low &+ bytes &+ UInt64(truncatingIfNeeded: last.nanoseconds)
    }
}
