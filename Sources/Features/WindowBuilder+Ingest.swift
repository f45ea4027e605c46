import Traffic

extension WindowBuilder {
    /// So many samples are worked on together: what a step needs of the tables was asked for by the step before, a block ahead, and
    /// fits into the first level of the cache (a dozen lines a sample).
    private static var block: Int { 8 }

    /// Those of so many samples that a block has which begins here, before them, or behind them.
    @inline(__always)
    private static func part(of count: Int, from begin: Int) -> Range<Int> {
        min(max(0, begin), count)..<min(max(0, begin + block), count)
    }

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
        order.arrange(frame.samples)
        beginnings.removeAll()
        let count = frame.samples.count
        // Steps, each a block or two behind the one before, for each needs what that asked for.
        for begin in stride(from: 0, to: count + 5 * Self.block, by: Self.block) {
            for number in Self.part(of: count, from: begin) {
                frame.samples.prefetch(Int(order[number].index))
                conversations.prefetch(tagsOf: order[number].hash)
            }
            for number in Self.part(of: count, from: begin - 2 * Self.block) {
                let slot = conversations.slot(of: order[number].hash)
                order.note(slot, of: number)
                if let slot { conversations.prefetch(slot) }
            }
            for number in Self.part(of: count, from: begin - 4 * Self.block) {
                let position = frame.first + Int64(number)
                let slot = converse(frame.samples, at: position, order[number], start: start)
                if log[position].previous != EntryLog.nowhere { frame.repeats.append(position) }
                for host in 0..<2 {
                    sources.prefetch(seatOf: conversations[slot].hosts[host].asSource)
                    destinations.prefetch(seatOf: conversations[slot].hosts[host].asDestination)
                }
            }
            for number in Self.part(of: count, from: begin - 5 * Self.block) {
                let position = frame.first + Int64(number)
                if log[position].packets > 0 { enter(position, of: frame.samples) }
            }
        }
        // A pass of its own, since a flow's answer may stand behind it, and is the answer to the question whether answers are seen.
        for begin in stride(from: 0, to: count + 2 * Self.block, by: Self.block) {
            for number in Self.part(of: count, from: begin) {
                conversations.prefetch(Int(log[frame.first + Int64(number)].conversation))
            }
            for number in Self.part(of: count, from: begin - Self.block) {
                let slot = Int(log[frame.first + Int64(number)].conversation)
                for host in 0..<2 {
                    sources.prefetch(seatOf: conversations[slot].hosts[host].asSource)
                    sources.prefetch(ledgerOf: conversations[slot].hosts[host].asSource)
                    destinations.prefetch(seatOf: conversations[slot].hosts[host].asDestination)
                    destinations.prefetch(ledgerOf: conversations[slot].hosts[host].asDestination)
                }
                let service = Int(conversations[slot].service.slot)
                if service >= 0 { services.prefetch(service) }
            }
            for number in Self.part(of: count, from: begin - 2 * Self.block) {
                judge(frame.first + Int64(number), of: frame.samples, newest: frame.first, start: start)
            }
        }
        beginnings.arrange()
        for number in 0..<beginnings.count { account(for: beginnings[number], of: frame.samples) }
        frames.append(frame)
        matchMonologues(newest: frame.first)
    }

    /// Notes what a sample says about its conversation, and begins that where it is new.
    ///
    /// - Returns: the conversation's slot.
    @inline(__always)
    private mutating func converse(
        _ samples: [FlowSample], at position: Int64, _ place: SampleOrder.Place, start: Int64
    ) -> Int {
        let sample = samples[Int(place.index)]
        let first = min(max(sample.first.nanoseconds, start), now)
        let last = min(max(sample.last.nanoseconds, start), now)
        var entry = Entry(sample, number: place.index, first: first)
        if place.isNotice || sample.key.destination.isMulticastOrBroadcast
            || sample.key.source.isUnspecified
        {
            entry.traits.insert(.expectsNoAnswer)
        }
        let slot = conversation(of: place, source: entry.sourceHash, destination: entry.destinationHash)
        let heard = conversations[slot].hear(
            sample, direction: Int(place.direction), from: first, to: last, now: now, at: position)
        if heard.begins {
            entry.traits.insert(.isNew)
            if heard.isAnswer {
                answeredConversations = now - lastAnswered > 600_000_000_000 ? 1 : answeredConversations + 1
                lastAnswered = now
            }
        }
        entry.conversation = Int32(truncatingIfNeeded: slot)
        entry.direction = place.direction
        entry.previous = heard.previous >= log.oldest ? heard.previous : EntryLog.nowhere
        log.append(entry)
        return slot
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
    private mutating func judge(_ position: Int64, of samples: [FlowSample], newest: Int64, start: Int64) {
        let entry = log[position]
        let (slot, direction) = (Int(entry.conversation), Int(entry.direction))
        if conversations[slot].initiator < 0 { decideInitiator(of: slot, entry) }
        let mine = conversations[slot].directions[direction]
        let answer = conversations[slot].directions[1 - direction]
        let initiator = Int(conversations[slot].initiator)
        var traits = entry.traits
        if initiator == direction, !traits.contains(.expectsNoAnswer) { traits.insert(.isInitiated) }
        let ranBefore =
            entry.protocol == .tcp && mine.marks.isDisjoint(with: [.syn, .stray])
            && !answer.marks.contains(.reset) && entry.first - resumed < 2_000_000_000
        if !traits.contains(.isInitiated) || ranBefore { traits.remove(.isNew) }
        if mine.marks.contains(.takesPart) {
            traits.insert(.takesPart)
            mark(entry.previous, .takesPart)
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
            mark(entry.previous, marks)
            // An answer in this reading is judged by itself, and comes to the same.
            if answer.position < newest { mark(answer.position, marks) }
        }
        log[position].traits = traits
        guard entry.packets > 0 else { return }
        meet(position, of: samples)
        // Whether it turns to something new is seen when all have been judged, in order of time.
        if traits.contains(.isNew) {
            beginnings.add(position, after: entry.first - start)
        } else {
            account(for: position, of: samples)
        }
    }

    /// Counts a flow for its service and for the histories.
    @inline(__always)
    private mutating func account(for position: Int64, of samples: [FlowSample]) {
        let ends = log.ends(at: position)
        if log[position].traits.contains(.isInitiated) {
            repeatService(position, of: samples, source: ends.source)
        }
        if log[position].traits.contains(.isNew), isNovelPeer(log[position], ends) {
            log[position].traits.insert(.isNovelPeer)
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
