import Traffic

/// What outlasts the window: entities, services, peers and histories.
extension WindowBuilder {
    /// Whether the destination never heard of the source before; who has no history is new to everybody.
    mutating func isNovelPeer(_ position: Int64) -> Bool {
        let ends = log.ends(at: position)
        guard ends.destination.slot >= 0, ends.source.slot >= 0 else { return ends.destination.slot >= 0 }
        let pair = StableHash.combine(log[position].destinationHash, ~log[position].sourceHash)
        guard peers.slot(of: pair) == nil else { return false }
        peers.put(pair, now, in: peers.vacancy(for: pair) { peers[$0] })
        return true
    }

    /// Whether the conversation of the flow at a position is of its hosts: another one may have taken the slot.
    @inline(__always)
    private func hasConversation(_ position: Int64) -> Bool {
        let (conversation, direction) = (Int(log[position].conversation), Int(log[position].direction))
        return conversations[conversation].hosts[direction].hash == log[position].sourceHash
            && conversations[conversation].hosts[1 - direction].hash == log[position].destinationHash
    }

    /// Counts two flows that answer one another for the four entities at their ends, if the conversation knows them all: what
    /// `enter` and `meet` do, at once.
    ///
    /// - Returns: whether it does.
    @inline(__always)
    mutating func enterBoth(_ position: Int64) -> Bool {
        let conversation = Int(log[position].conversation)
        guard log[position].direction == 0, log[position + 1].direction == 1,
            log[position].packets > 0, log[position + 1].packets > 0,
            hasConversation(position), hasConversation(position + 1)
        else { return false }
        let ends = EntryEnds(
            source: conversations[conversation].hosts[0].asSource,
            destination: conversations[conversation].hosts[1].asDestination,
            sourceAsDestination: conversations[conversation].hosts[0].asDestination,
            destinationAsSource: conversations[conversation].hosts[1].asSource)
        guard let caller = sources.slot(of: ends.source),
            let called = destinations.slot(of: ends.destination),
            let answering = sources.slot(of: ends.destinationAsSource),
            let answered = destinations.slot(of: ends.sourceAsDestination)
        else { return false }
        log.setEnds(ends, at: position)
        log.setEnds(ends.reversed, at: position + 1)
        let (out, back) = (log.traffic(at: position), log.traffic(at: position + 1))
        sources.count(caller, out, back: back)
        destinations.count(called, out, back: back)
        sources.count(answering, back, back: out)
        destinations.count(answered, back, back: out)
        return true
    }

    /// Gives the entities at both ends of a flow histories where due, and counts its packets for them.
    ///
    /// The conversation knows where most entities are.
    @inline(__always)
    mutating func enter(_ position: Int64, of samples: [FlowSample]) {
        let (conversation, direction) = (Int(log[position].conversation), Int(log[position].direction))
        var ends = EntryEnds()
        if hasConversation(position) {
            ends.source = conversations[conversation].hosts[direction].asSource
            ends.destination = conversations[conversation].hosts[1 - direction].asDestination
        }
        var source = sources.slot(of: ends.source)
        var destination = destinations.slot(of: ends.destination)
        if source == nil || destination == nil {
            ends = admit(position, of: samples)
            (source, destination) = (sources.slot(of: ends.source), destinations.slot(of: ends.destination))
        }
        log.setEnds(ends, at: position)
        let traffic = log.traffic(at: position)
        if let source { sources.count(source, traffic) }
        if let destination { destinations.count(destination, traffic) }
    }

    /// Finds the entities at both ends of a flow, or begins their histories, and tells the conversation.
    private mutating func admit(_ position: Int64, of samples: [FlowSample]) -> EntryEnds {
        let sample = samples[Int(log[position].sample)]
        var ends = EntryEnds()
        if let hash = sourceHash(of: sample.key.source, log[position].sourceHash) {
            ends.source = sources.enter(
                hash, packets: sample.packets, now: now,
                prefix: configuration.sourcePrefix(of: sample.key.source))
        }
        if sample.key.destination.isHost {
            ends.destination = destinations.enter(
                log[position].destinationHash, packets: sample.packets, now: now,
                prefix: Prefix(sample.key.destination))
        }
        let (conversation, direction) = (Int(log[position].conversation), Int(log[position].direction))
        if hasConversation(position) {
            conversations[conversation].hosts[direction].asSource = ends.source
            conversations[conversation].hosts[1 - direction].asDestination = ends.destination
        }
        return ends
    }

    /// Finds the same two hosts in the other view, and counts what comes back to them.
    @inline(__always)
    mutating func meet(_ position: Int64, of samples: [FlowSample]) {
        let (conversation, direction) = (Int(log[position].conversation), Int(log[position].direction))
        var ends = log.ends(at: position)
        if hasConversation(position) {
            ends.sourceAsDestination = conversations[conversation].hosts[direction].asDestination
            ends.destinationAsSource = conversations[conversation].hosts[1 - direction].asSource
        }
        var source = destinations.slot(of: ends.sourceAsDestination)
        var destination = sources.slot(of: ends.destinationAsSource)
        if source == nil || destination == nil {
            ends = recognize(position, of: samples)
            source = destinations.slot(of: ends.sourceAsDestination)
            destination = sources.slot(of: ends.destinationAsSource)
        }
        log.setEnds(ends, at: position)
        let traffic = log.traffic(at: position)
        if let destination { sources.count(destination, back: traffic) }
        if let source { destinations.count(source, back: traffic) }
    }

    /// Looks the same two hosts up in the other view, and tells the conversation.
    private mutating func recognize(_ position: Int64, of samples: [FlowSample]) -> EntryEnds {
        let key = samples[Int(log[position].sample)].key
        var ends = log.ends(at: position)
        if key.source.isHost { ends.sourceAsDestination = destinations.find(log[position].sourceHash) }
        if let hash = sourceHash(of: key.destination, log[position].destinationHash) {
            ends.destinationAsSource = sources.find(hash)
        }
        let (conversation, direction) = (Int(log[position].conversation), Int(log[position].direction))
        if hasConversation(position) {
            conversations[conversation].hosts[direction].asDestination = ends.sourceAsDestination
            conversations[conversation].hosts[1 - direction].asSource = ends.destinationAsSource
        }
        return ends
    }

    /// The hash of the source that an address, whose own hash is given, belongs to; `nil` if it is no host's.
    private func sourceHash(of address: Address, _ hash: UInt64) -> UInt64? {
        guard address.isHost else { return nil }
        let prefix = configuration.sourcePrefix(of: address)
        return prefix.isSingleAddress ? hash : StableHash.of(prefix.address)
    }

    /// Counts the flow for its service.
    @inline(__always)
    mutating func repeatService(_ position: Int64, _ standing: Standing, of samples: [FlowSample]) {
        guard let source = sources.slot(of: log.ends(at: position).source) else { return }
        let (slot, isFirst) = service(position, standing, source: source)
        if now > services[slot].updated {
            serviceDecays.set(nanoseconds: now - services[slot].updated)
            services[slot].decay(to: now, by: serviceDecays)
        }
        var traits = log[position].traits
        if traits.contains(.isNew) {
            services[slot].begin(at: log[position].first, isFirst: isFirst)
            if isFirst { traits.insert(.isNovelService) }
        }
        log[position].service = Int32(truncatingIfNeeded: slot)
        if traits.contains(seesBothWays ? .isEstablished : .takesPart) { services[slot].wasOpened = true }
        countUnserved(standing, service: slot)
        measure(standing, service: slot)
        if standing.mine.contains(.proven), !conversations[standing.conversation].isProofCounted {
            conversations[standing.conversation].isProofCounted = true
            services[slot].prove()
        }
        log[position].provenPercent = services[slot].provenPercent
        log[position].repeat60 = services[slot].count60
        log[position].repeat600 = services[slot].count600
        log[position].regularity = services[slot].regularity
        log[position].unserved = services[slot].unserved
        let isTCP = log[position].protocol == .tcp
        if isTCP {
            traits.insert(.isTCP)
            // Who knocks at a host that is down logs in nowhere.
            if services[slot].wasOpened, !services[slot].isOnlyProbed {
                traits.formUnion(LoginPorts.traits(of: log[position].destinationPort))
            }
        }
        if services[slot].areRefusedAlike { traits.insert(.isAlike) }
        log[position].traits = traits
        guard isTCP else { return }
        let steady = services[slot].steadySeconds
        guard isFirst || steady > 0,
            !configuration.isOurs(samples[Int(log[position].sample)].key.destination)
        else { return }
        noteSteadiness(position, steady, isNewCaller: isFirst)
    }

    /// Notes for how long a service outside has been called as by a clock, unless many of the site call it.
    private mutating func noteSteadiness(_ position: Int64, _ steady: Float, isNewCaller: Bool) {
        let service = Int(log[position].service)
        let callee = StableHash.combine(log[position].destinationHash, UInt64(services[service].number))
        if isNewCaller {
            let known = callees.slot(of: callee)
            let slot = known ?? callees.vacancy(for: callee) { callees[$0].worth }
            if known == nil { callees.put(callee, Callee(), in: slot) }
            callees[slot].callers &+= 1
            callees[slot].updated = now / 1_000_000_000
        }
        guard steady > 0 else { return }
        services[service].noteHabit(began: began)
        guard let slot = callees.slot(of: callee), callees[slot].callers <= Callee.few else { return }
        log[position].steadySeconds = steady
        if services[service].isHabit { log[position].traits.insert(.isHabit) }
        // Known for less than the watch has lasted by ten minutes: whoever called it always would have called before.
        if services[service].born - began >= 600_000_000_000 { log[position].traits.insert(.isNewService) }
    }

    /// The slot of a flow's service, and whether it was never turned to before.
    ///
    /// The conversation knows it, but for ICMP, in which one conversation is of several services.
    @inline(__always)
    private mutating func service(
        _ position: Int64, _ standing: Standing, source: Int
    ) -> (slot: Int, isFirst: Bool) {
        let conversation = standing.conversation
        let number =
            UInt32(log[position].protocol.rawValue) << 16 | UInt32(log[position].destinationPort)
        let isKnown = hasConversation(position)
        if isKnown {
            let reference = conversations[conversation].service
            if reference.slot >= 0, services[Int(reference.slot)].serial == reference.serial,
                services[Int(reference.slot)].number == number
            {
                return (Int(reference.slot), false)
            }
        }
        let (slot, isFirst) = findService(position, number, source: source)
        if isKnown {
            conversations[conversation].service = ServiceReference(
                slot: Int32(slot), serial: services[slot].serial)
        }
        return (slot, isFirst)
    }

    private mutating func findService(
        _ position: Int64, _ number: UInt32, source: Int
    ) -> (slot: Int, isFirst: Bool) {
        let host = StableHash.of(sources[historyIn: source].prefix.address)
        let hash = StableHash.combine(
            StableHash.combine(host, log[position].destinationHash), UInt64(number))
        let known = services.slot(of: hash)
        let slot = known ?? services.vacancy(for: hash) { services[$0].worth }
        if known == nil {
            services.put(
                hash,
                Service(
                    serial: nextServiceSerial, number: number, born: now, lastStart: log[position].first,
                    updated: now),
                in: slot)
            nextServiceSerial &+= 1
        }
        return (slot, known == nil)
    }

    /// When a connection ends, notes at its service how much was sent to it.
    @inline(__always)
    private mutating func measure(_ standing: Standing, service: Int) {
        let slot = standing.conversation
        guard standing.mine.union(standing.answer).contains(.close), standing.isEstablished,
            !conversations[slot].isMeasured
        else { return }
        conversations[slot].isMeasured = true
        services[service].end(
            after: conversations[slot].directions[standing.direction].bytes,
            answered: conversations[slot].directions[1 - standing.direction].bytes)
    }

    /// Keeps account of connections that are open and were not served a byte for a second.
    @inline(__always)
    mutating func countUnserved(_ standing: Standing, service: Int) {
        guard standing.isCaller, standing.isEstablished else { return }
        let slot = standing.conversation
        let waits =
            standing.answer.isDisjoint(with: [.data, .close]) && !standing.mine.contains(.close)
            && now - conversations[slot].directions[standing.direction].first > 800_000_000
        guard waits != conversations[slot].isUnserved else { return }
        conversations[slot].isUnserved = waits
        services[service].unserved = max(0, services[service].unserved + (waits ? 1 : -1))
    }

    /// Adds to the histories of both ends what few flows tell: that they are new, or end, or carry what tunnels do.
    @inline(__always)
    mutating func remember(_ position: Int64, of samples: [FlowSample]) {
        if log[position].traits.contains(.isNew) { rememberBeginning(position) }
        if log[position].protocol == .tcp {
            if log[position].closes > 0 { rememberCloses(position) }
        } else {
            rememberTunnels(position, of: samples)
        }
    }

    private mutating func rememberBeginning(_ position: Int64) {
        let ends = log.ends(at: position)
        let traits = log[position].traits
        if let slot = sources.slot(of: ends.source) {
            sources.post(slot, .newFlows, 1)
            if traits.contains(.isNovelService) { sources.post(slot, .novel, 1) }
        }
        if let slot = destinations.slot(of: ends.destination) {
            destinations.post(slot, .newFlows, 1)
            if traits.contains(.isNovelPeer) { destinations.post(slot, .novel, 1) }
        }
    }

    private mutating func rememberCloses(_ position: Int64) {
        let ends = log.ends(at: position)
        let (closes, resets) = (Float(log[position].closes), Float(log[position].rst))
        if let slot = sources.slot(of: ends.source) { sources.post(slot, .closes, closes) }
        if let slot = destinations.slot(of: ends.destination) { destinations.post(slot, .closes, closes) }
        guard resets > 0 else { return }
        if let slot = sources.slot(of: ends.destinationAsSource) {
            sources.post(slot, .resetsReceived, resets)
        }
        if let slot = destinations.slot(of: ends.sourceAsDestination) {
            destinations.post(slot, .resetsReceived, resets)
        }
    }

    /// What tells of tunnels through DNS and ICMP: bytes beyond what questions and answers have.
    private mutating func rememberTunnels(_ position: Int64, of samples: [FlowSample]) {
        let entry = log[position]
        let ends = log.ends(at: position)
        let (source, destination) = (sources.slot(of: ends.source), destinations.slot(of: ends.destination))
        let (packets, bytes) = (Float(entry.packets), Float(entry.bytes))
        if entry.protocol.isICMP {
            if let source { sources.post(source, .icmpExcess, bytes - 100 * packets) }
            if let destination { destinations.post(destination, .icmpExcess, bytes - 100 * packets) }
        }
        guard entry.protocol == .udp, entry.destinationPort == 53 || entry.sourcePort == 53 else { return }
        if let source {
            sources.post(source, .dnsBytes, bytes)
            sources.post(source, .dnsExcess, bytes - 95 * packets)
            if entry.destinationPort == 53 {
                sources.post(source, .dnsQueries, packets)
                sources.post(source, .longQueries, samples[Int(entry.sample)].longQueries)
            }
        }
        if let destination {
            destinations.post(destination, .dnsBytes, bytes)
            destinations.post(destination, .dnsExcess, bytes - 300 * packets)
        }
        // A tunnel's answers are long too, whichever way it carries more.
        if entry.traits.contains(.isAnswered), let slot = sources.slot(of: ends.destinationAsSource) {
            sources.post(slot, .dnsExcess, max(0, bytes - 300 * packets))
        }
    }
}

extension Address {
    /// Whether it can be a single host's.
    fileprivate var isHost: Bool { !isMulticastOrBroadcast && !isUnspecified }
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
