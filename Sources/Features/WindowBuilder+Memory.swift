import Traffic

/// What outlasts the window: entities, services, peers and histories.
extension WindowBuilder {
    /// Whether the destination never heard of the source before; who has no history is new to everybody.
    mutating func isNovelPeer(_ entry: Entry, _ ends: EntryEnds) -> Bool {
        guard ends.destination.slot >= 0, ends.source.slot >= 0 else { return ends.destination.slot >= 0 }
        let pair = StableHash.combine(entry.destinationHash, ~entry.sourceHash)
        guard peers.slot(of: pair) == nil else { return false }
        peers.put(pair, now, in: peers.vacancy(for: pair) { peers[$0] })
        return true
    }

    /// Gives the entities at both ends of a flow histories where due.
    ///
    /// All flows of a reading enter before any is counted, so that what a flow counts for does not depend on which come before
    /// it. The conversation knows where most entities are.
    @inline(__always)
    mutating func enter(_ position: Int64, of samples: [FlowSample]) {
        let slot = Int(log[position].conversation)
        let direction = Int(log[position].direction)
        let isKnown = conversations[slot].isOf(
            log[position].sourceHash, log[position].destinationHash, direction: direction)
        var ends = EntryEnds()
        if isKnown {
            ends.source = conversations[slot].hosts[direction].asSource
            ends.destination = conversations[slot].hosts[1 - direction].asDestination
        }
        if sources.slot(of: ends.source) == nil || destinations.slot(of: ends.destination) == nil {
            let sample = samples[Int(log[position].sample)]
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
            if isKnown {
                conversations[slot].hosts[direction].asSource = ends.source
                conversations[slot].hosts[1 - direction].asDestination = ends.destination
            }
        }
        log.setEnds(ends, at: position)
    }

    /// Finds the same two hosts in the other view, for what comes back to them, now that all have entered.
    @inline(__always)
    mutating func meet(_ position: Int64, of samples: [FlowSample]) {
        let slot = Int(log[position].conversation)
        let direction = Int(log[position].direction)
        let isKnown = conversations[slot].isOf(
            log[position].sourceHash, log[position].destinationHash, direction: direction)
        var ends = log.ends(at: position)
        if isKnown {
            ends.sourceAsDestination = conversations[slot].hosts[direction].asDestination
            ends.destinationAsSource = conversations[slot].hosts[1 - direction].asSource
        }
        if destinations.slot(of: ends.sourceAsDestination) == nil
            || sources.slot(of: ends.destinationAsSource) == nil
        {
            let key = samples[Int(log[position].sample)].key
            ends.sourceAsDestination =
                key.source.isHost ? destinations.find(log[position].sourceHash) : .none
            ends.destinationAsSource =
                sourceHash(of: key.destination, log[position].destinationHash).map { sources.find($0) }
                ?? .none
            if isKnown {
                conversations[slot].hosts[direction].asDestination = ends.sourceAsDestination
                conversations[slot].hosts[1 - direction].asSource = ends.destinationAsSource
            }
        }
        log.setEnds(ends, at: position)
    }

    /// The hash of the source that an address, whose own hash is given, belongs to; `nil` if it is no host's.
    private func sourceHash(of address: Address, _ hash: UInt64) -> UInt64? {
        guard address.isHost else { return nil }
        let prefix = configuration.sourcePrefix(of: address)
        return prefix.isSingleAddress ? hash : StableHash.of(prefix.address)
    }

    /// Counts the flow for its service.
    @inline(__always)
    mutating func repeatService(_ position: Int64, of samples: [FlowSample], source: EntityReference) {
        guard let source = sources.slot(of: source) else { return }
        let isNew = log[position].traits.contains(.isNew)
        let (slot, isFirst) = service(position, source: source)
        serviceDecays.set(nanoseconds: now - services[slot].updated)
        services[slot].decay(to: now, by: serviceDecays)
        if isNew {
            services[slot].begin(at: log[position].first, isFirst: isFirst)
            if isFirst { log[position].traits.insert(.isNovelService) }
        }
        log[position].service = Int32(slot)
        if log[position].traits.contains(seesBothWays ? .isEstablished : .takesPart) {
            services[slot].wasOpened = true
        }
        countUnserved(log[position])
        measure(log[position])
        log[position].repeat60 = services[slot].count60
        log[position].repeat600 = services[slot].count600
        log[position].regularity = services[slot].regularity
        log[position].unserved = services[slot].unserved
        // Who knocks at a host that is down logs in nowhere.
        if services[slot].wasOpened, !services[slot].isOnlyProbed {
            log[position].traits.formUnion(LoginPorts.traits(of: log[position]))
        }
        if services[slot].areRefusedAlike { log[position].traits.insert(.isAlike) }
        guard log[position].protocol == .tcp else { return }
        log[position].traits.insert(.isTCP)
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
    private mutating func service(_ position: Int64, source: Int) -> (slot: Int, isFirst: Bool) {
        let conversation = Int(log[position].conversation)
        let number =
            UInt32(log[position].protocol.rawValue) << 16 | UInt32(log[position].destinationPort)
        let isKnown = conversations[conversation].isOf(
            log[position].sourceHash, log[position].destinationHash,
            direction: Int(log[position].direction))
        if isKnown {
            let reference = conversations[conversation].service
            if reference.slot >= 0, services[Int(reference.slot)].serial == reference.serial,
                services[Int(reference.slot)].number == number
            {
                return (Int(reference.slot), false)
            }
        }
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
        if isKnown {
            conversations[conversation].service = ServiceReference(
                slot: Int32(slot), serial: services[slot].serial)
        }
        return (slot, known == nil)
    }

    /// When a connection ends, notes at its service how much was sent to it.
    @inline(__always)
    mutating func measure(_ entry: Entry) {
        guard entry.service >= 0, entry.conversation >= 0 else { return }
        let slot = Int(entry.conversation)
        let both = conversations[slot].directions[0].marks.union(conversations[slot].directions[1].marks)
        guard both.contains(.close), conversations[slot].isEstablished, !conversations[slot].isMeasured
        else { return }
        conversations[slot].isMeasured = true
        services[Int(entry.service)].end(
            after: conversations[slot].directions[Int(entry.direction)].bytes,
            answered: conversations[slot].directions[1 - Int(entry.direction)].bytes)
    }

    /// Keeps account of connections that are open and were not served a byte for a second.
    @inline(__always)
    mutating func countUnserved(_ entry: Entry) {
        guard entry.service >= 0, entry.conversation >= 0 else { return }
        let slot = Int(entry.conversation)
        guard conversations[slot].initiator == entry.direction, conversations[slot].isEstablished else {
            return
        }
        let mine = conversations[slot].directions[Int(entry.direction)]
        let answer = conversations[slot].directions[1 - Int(entry.direction)]
        let waits =
            answer.marks.isDisjoint(with: [.data, .close]) && !mine.marks.contains(.close)
            && now - mine.first > 800_000_000
        guard waits != conversations[slot].isUnserved else { return }
        conversations[slot].isUnserved = waits
        let before = services[Int(entry.service)].unserved
        services[Int(entry.service)].unserved = max(0, before + (waits ? 1 : -1))
    }

    /// Adds a sample to what is pending in the histories of both ends.
    @inline(__always)
    mutating func remember(_ entry: Entry, of samples: [FlowSample], _ ends: EntryEnds) {
        let isDNS =
            entry.protocol == .udp && (entry.destinationPort == 53 || entry.sourcePort == 53)
        let packets = Float(entry.packets)
        let bytes = Float(entry.bytes)
        func addOutgoing(to ledger: inout Ledger, isNovel: Bool, usualQuery: Float) {
            ledger[.packets] += packets
            ledger[.bytes] += bytes
            if entry.traits.contains(.isNew) { ledger[.newFlows] += 1 }
            if isNovel { ledger[.novel] += 1 }
            if isDNS {
                ledger[.dnsBytes] += bytes
                ledger[.dnsExcess] += bytes - usualQuery * packets
            } else if entry.protocol.isICMP {
                ledger[.icmpExcess] += bytes - 100 * packets
            }
            if entry.protocol == .tcp { ledger[.closes] += Float(entry.closes) }
        }
        if let slot = sources.slot(of: ends.source) {
            sources.post(slot, reading: readings) { ledger in
                addOutgoing(to: &ledger, isNovel: entry.traits.contains(.isNovelService), usualQuery: 95)
                if isDNS, entry.destinationPort == 53 {
                    ledger[.dnsQueries] += packets
                    ledger[.longQueries] += samples[Int(entry.sample)].longQueries
                }
            }
        }
        if let slot = destinations.slot(of: ends.destination) {
            destinations.post(slot, reading: readings) {
                addOutgoing(to: &$0, isNovel: entry.traits.contains(.isNovelPeer), usualQuery: 300)
            }
        }
        if let slot = sources.slot(of: ends.destinationAsSource) {
            sources.post(slot, reading: readings) { ledger in
                ledger[.bytesBack] += bytes
                ledger[.resetsReceived] += Float(entry.rst)
                // A tunnel's answers are long too, whichever way it carries more.
                if isDNS, entry.traits.contains(.isAnswered) {
                    ledger[.dnsExcess] += max(0, bytes - 300 * packets)
                }
            }
        }
        if let slot = destinations.slot(of: ends.sourceAsDestination) {
            destinations.post(slot, reading: readings) {
                $0[.bytesBack] += bytes
                $0[.resetsReceived] += Float(entry.rst)
            }
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
