import Traffic

extension WindowBuilder {
    /// Each step works on so many samples at a time; what one needs of the tables, an earlier one asked for, two or three blocks
    /// ahead, which is what memory takes to answer.
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
        datagrams.removeAll(keepingCapacity: true)
        let count = frame.samples.count
        var (slot, entered) = (0, 0)
        // Both directions of a conversation are heard, and have entered, before either is judged; of a conversation of more than
        // two dozen samples (codes of ICMP) the last may be late, and then the next reading tells.
        for begin in stride(from: 0, to: count + 10 * Self.block, by: Self.block) {
            for number in Self.part(of: count, from: begin) {
                frame.samples.prefetch(order[number].index)
                conversations.prefetch(tagsOf: order[number].hash)
            }
            for number in Self.part(of: count, from: begin - 3 * Self.block) {
                order.locate(number) { hash in
                    let slot = conversations.slot(of: hash)
                    if let slot { conversations.prefetch(slot) }
                    return slot
                }
            }
            for number in Self.part(of: count, from: begin - 6 * Self.block) {
                let position = frame.first + Int64(number)
                if !order[number].continues {
                    slot = place(of: order[number], frame.samples)
                    prefetch(needsOf: slot)
                }
                converse(frame.samples, at: position, order[number], in: slot, start: start)
                if log[position].previous != EntryLog.nowhere { frame.repeats.append(position) }
            }
            let upper = Self.part(of: count, from: begin - 8 * Self.block).upperBound
            while entered < upper {
                let position = frame.first + Int64(entered)
                if entered + 1 < count, order[entered + 1].continues, enterBoth(position) {
                    entered += 2
                } else {
                    if log[position].packets > 0 { enter(position, of: frame.samples) }
                    entered += 1
                }
            }
            for number in Self.part(of: count, from: begin - 10 * Self.block) {
                judge(frame.first + Int64(number), of: frame.samples, newest: frame.first, start: start)
            }
        }
        beginnings.arrange()
        for number in 0..<beginnings.count {
            account(for: beginnings[number], standing(of: beginnings[number]), of: frame.samples)
        }
        frames.append(frame)
        matchMonologues()
    }

    /// Asks for what a conversation knows the places of.
    @inline(__always)
    private func prefetch(needsOf conversation: Int) {
        for host in 0..<2 {
            sources.prefetch(conversations[conversation].hosts[host].asSource)
            destinations.prefetch(conversations[conversation].hosts[host].asDestination)
        }
        let service = Int(conversations[conversation].service.slot)
        if service >= 0 { services.prefetch(service) }
    }

    /// Notes what a sample says about its conversation.
    @inline(__always)
    private mutating func converse(
        _ samples: [FlowSample], at position: Int64, _ place: SampleOrder.Place, in slot: Int, start: Int64
    ) {
        let sample = samples[place.index]
        let first = min(max(sample.first.nanoseconds, start), now)
        let last = min(max(sample.last.nanoseconds, start), now)
        var entry = Entry(sample, number: Int32(truncatingIfNeeded: place.index), first: first)
        if place.isNotice || sample.key.destination.isMulticastOrBroadcast
            || sample.key.source.isUnspecified
        {
            entry.traits.insert(.expectsNoAnswer)
        }
        let heard = conversations[slot].hear(
            sample, direction: place.direction, from: first, to: last, now: now, at: position)
        if heard.begins {
            entry.traits.insert(.isNew)
            if heard.isAnswer {
                answeredConversations = now - lastAnswered > 600_000_000_000 ? 1 : answeredConversations + 1
                lastAnswered = now
            }
        }
        entry.conversation = Int32(truncatingIfNeeded: slot)
        entry.direction = Int8(truncatingIfNeeded: place.direction)
        entry.previous = heard.previous >= log.oldest ? heard.previous : EntryLog.nowhere
        if entry.protocol == .udp, entry.packets > 1 { datagrams.append(position) }
        log.append(entry)
    }

    /// The slot of a sample's conversation, which begins there if it is new.
    @inline(__always)
    private mutating func place(of sample: SampleOrder.Place, _ samples: [FlowSample]) -> Int {
        if sample.slot >= 0, conversations.holds(sample.hash, in: Int(sample.slot)) {
            return Int(sample.slot)
        }
        return begin(sample, samples[sample.index].key)
    }

    private mutating func begin(_ sample: SampleOrder.Place, _ key: FlowKey) -> Int {
        if let slot = conversations.slot(of: sample.hash) { return slot }
        let slot = conversations.vacancy(for: sample.hash) { conversations[$0].worth }
        conversations.put(
            sample.hash,
            Conversation(
                source: StableHash.of(key.source), destination: StableHash.of(key.destination),
                direction: sample.direction),
            in: slot)
        return slot
    }

    /// Decides who began the conversation and what the flow tells of its source, and adds it to the histories.
    ///
    /// The samples themselves are looked at only for what their entries have not, which is seldom: they would have to be
    /// fetched again.
    @inline(__always)
    private mutating func judge(_ position: Int64, of samples: [FlowSample], newest: Int64, start: Int64) {
        let slot = Int(log[position].conversation)
        if conversations[slot].initiator < 0 { decideInitiator(of: slot, log[position]) }
        let standing = standing(of: position)
        var traits = log[position].traits
        if standing.isCaller, !traits.contains(.expectsNoAnswer) { traits.insert(.isInitiated) }
        if traits.contains(.isNew) {
            let ranBefore =
                log[position].protocol == .tcp && standing.mine.isDisjoint(with: [.syn, .stray])
                && !standing.answer.contains(.reset) && log[position].first - resumed < 2_000_000_000
            if !traits.contains(.isInitiated) || ranBefore { traits.remove(.isNew) }
        }
        let previous = log[position].previous
        log[position].isProven = standing.mine.contains(.proven)
        if standing.mine.contains(.takesPart) {
            traits.insert(.takesPart)
            mark(previous, .takesPart)
        }
        if conversations[slot].directions[1 - standing.direction].isAlive(at: now) {
            var marks: Entry.Traits = [.isAnswered]
            if standing.isEstablished {
                marks.insert(.isEstablished)
                if standing.mine.contains(.data), standing.answer.contains(.data) {
                    marks.insert(.isServed)
                    // One session that lasts all night shows it as well as many short ones.
                    answeredConversations = max(answeredConversations, Self.enoughAnswered)
                    lastAnswered = now
                }
            } else if standing.callee.contains(.reset) {
                marks.insert(.isRefused)
            }
            traits.formUnion(marks)
            mark(previous, marks)
            // An answer in this reading is judged by itself, and comes to the same.
            let answer = conversations[slot].directions[1 - standing.direction].position
            if answer < newest { mark(answer, marks) }
        }
        log[position].traits = traits
        guard log[position].packets > 0 else { return }
        if log.ends(at: position).sourceAsDestination.slot < 0 { meet(position, of: samples) }
        // Whether it turns to something new is seen when all have been judged, in order of time.
        if traits.contains(.isNew) {
            beginnings.add(position, after: log[position].first - start)
        } else {
            account(for: position, standing, of: samples)
        }
    }

    /// What the conversation of the flow at a position is like, seen from that flow.
    @inline(__always)
    func standing(of position: Int64) -> Standing {
        let slot = Int(log[position].conversation)
        let direction = Int(log[position].direction)
        return Standing(
            conversation: slot, direction: direction,
            isCaller: Int(conversations[slot].initiator) == direction,
            mine: conversations[slot].directions[direction].marks,
            answer: conversations[slot].directions[1 - direction].marks)
    }

    /// Counts a flow for its service and for the histories.
    @inline(__always)
    private mutating func account(for position: Int64, _ standing: Standing, of samples: [FlowSample]) {
        if log[position].traits.contains(.isInitiated) {
            repeatService(position, standing, of: samples)
        }
        if log[position].traits.contains(.isNew), isNovelPeer(position) {
            log[position].traits.insert(.isNovelPeer)
        }
        remember(position, of: samples)
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
