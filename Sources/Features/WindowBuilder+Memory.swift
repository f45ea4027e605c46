import Traffic

/// What outlasts the window: entities, services, peers and histories.
extension WindowBuilder {
    /// Whether the destination never heard of the source before; who has no history is new to everybody.
    mutating func isNovelPeer(_ entry: Entry) -> Bool {
        guard entry.destination.slot >= 0, entry.source.slot >= 0 else { return entry.destination.slot >= 0 }
        let pair = StableHash.combine(entry.destinationHash, ~entry.sourceHash)
        guard peers.slot(of: pair) == nil else { return false }
        _ = peers.insert(pair, now) { $0 }
        return true
    }

    /// Finds the entities at both ends, giving them histories where due.
    mutating func enter(_ entry: inout Entry, sample: FlowSample) {
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
    mutating func repeatService(_ entry: inout Entry, key: FlowKey) {
        guard let source = sources.slot(of: entry.source) else { return }
        let number = UInt64(key.protocol.rawValue) << 16 | UInt64(key.destinationPort)
        let host = StableHash.of(sources.histories.values[source].prefix.address)
        let hash = StableHash.combine(StableHash.combine(host, entry.destinationHash), number)
        let isNew = entry.traits.contains(.isNew)
        let known = services.slot(of: hash)
        let slot =
            known
            ?? services.insert(
                hash, Service(born: now, lastStart: entry.first, updated: now), worth: Service.worth)
        serviceDecays.set(nanoseconds: now - services.values[slot].updated)
        services.values[slot].decay(to: now, by: serviceDecays)
        if isNew {
            services.values[slot].begin(at: entry.first, isFirst: known == nil)
            if known == nil { entry.traits.insert(.isNovelService) }
        }
        entry.service = Int32(slot)
        if entry.traits.contains(seesBothWays ? .isEstablished : .takesPart) {
            services.values[slot].wasOpened = true
        }
        countUnserved(entry)
        measure(entry)
        entry.repeat60 = services.values[slot].count60
        entry.repeat600 = services.values[slot].count600
        entry.regularity = services.values[slot].regularity
        entry.unserved = services.values[slot].unserved
        if key.protocol == .tcp { entry.traits.insert(.isTCP) }
        // Who knocks at a host that is down logs in nowhere.
        if services.values[slot].wasOpened, !services.values[slot].isOnlyProbed {
            entry.traits.formUnion(LoginPorts.traits(of: key))
        }
        if services.values[slot].areRefusedAlike { entry.traits.insert(.isAlike) }
        guard key.protocol == .tcp, !configuration.isOurs(key.destination) else { return }
        noteSteadiness(
            &entry, callee: StableHash.combine(entry.destinationHash, number), isNewCaller: known == nil)
    }

    /// Notes for how long a service outside has been called as by a clock, unless many of the site call it.
    private mutating func noteSteadiness(_ entry: inout Entry, callee: UInt64, isNewCaller: Bool) {
        if isNewCaller {
            let slot =
                callees.slot(of: callee) ?? callees.insert(callee, Callee(), worth: Callee.worth)
            callees.values[slot].callers &+= 1
            callees.values[slot].updated = now / 1_000_000_000
        }
        let service = Int(entry.service)
        guard services.values[service].steadySeconds > 0 else { return }
        services.values[service].noteHabit(began: began)
        guard let slot = callees.slot(of: callee), callees.values[slot].callers <= Callee.few else { return }
        entry.steadySeconds = services.values[service].steadySeconds
        if services.values[service].isHabit { entry.traits.insert(.isHabit) }
        // Known for less than the watch has lasted by ten minutes: whoever called it always would have called before.
        if services.values[service].born - began >= 600_000_000_000 { entry.traits.insert(.isNewService) }
    }

    /// When a connection ends, notes at its service how much was sent to it.
    mutating func measure(_ entry: Entry) {
        guard entry.service >= 0, entry.conversation >= 0 else { return }
        let conversation = conversations.values[Int(entry.conversation)]
        let both = conversation.directions.0.marks.union(conversation.directions.1.marks)
        guard both.contains(.close), conversation.isEstablished, !conversation.isMeasured else { return }
        conversations.values[Int(entry.conversation)].isMeasured = true
        services.values[Int(entry.service)].end(
            after: conversation[Int(entry.direction)].bytes,
            answered: conversation[1 - Int(entry.direction)].bytes)
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
    mutating func remember(_ entry: Entry, _ sample: FlowSample) {
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
            if isDNS, sample.key.destinationPort == 53 {
                sources.histories.values[slot].add(packets, to: .dnsQueries)
                sources.histories.values[slot].add(sample.longQueries, to: .longQueries)
            }
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

extension FlowSample {
    /// At least so many of its packets, which are queries of DNS, ask for longer names than people and programs do.
    ///
    /// A frame of 150 bytes over IPv4 holds a name of 90 characters and the usual options. Of the queries in captures of
    /// everyday traffic none was longer; of those of tunnels 15 to 59 %.
    fileprivate var longQueries: Float {
        let longest: UInt64 = key.source.isIPv4 ? 150 : 170
        guard UInt64(maximumLength) > longest else { return 0 }
        return bytes > packets &* longest ? Float(packets) : 1
    }
}
