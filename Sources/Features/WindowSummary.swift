import Traffic

/// Sums up the entries of one entity's window; reused for one after another.
struct WindowSummary: ~Copyable {
    private(set) var tally = WindowTally()
    private(set) var evidence = Evidence()
    private(set) var peers = SpreadCounter()
    private(set) var destinationPorts = SpreadCounter()
    private(set) var sourcePorts = SpreadCounter()
    /// Sources of connections that are not completed, each as often as it began one; of a destination.
    private var halfOpen = SpreadCounter()
    private(set) var view = Entity.View.source
    private(set) var step = 1
    /// Position of the newest entry of the flow with the most packets, and the number of its sample in its reading.
    private var largestFlow = EntryLog.nowhere
    private var largestSample: Int32 = 0
    private(set) var scope = WindowScope(now: 0, seesBothWays: false, maximumWindows: 0)

    /// Starts over for another entity.
    ///
    /// At most `flows` entries will be added, every `step`th of those in its window.
    mutating func begin(_ view: Entity.View, flows: Int, step: Int, returned: Returned, scope: WindowScope) {
        tally = WindowTally()
        tally.returnedBytes = returned.bytes
        tally.returnedResets = returned.resets
        evidence = Evidence()
        largestFlow = EntryLog.nowhere
        self.view = view
        self.scope = scope
        self.step = step
        peers.reset(expected: flows + 1)
        destinationPorts.reset(expected: flows + 1)
        sourcePorts.reset(expected: flows + 1)
        halfOpen.reset(expected: view == .destination ? flows + 1 : 0)
    }

    /// Adds the entry that stands at `position` of the log, whose first is `oldest`, and whose source is `source`.
    @inline(__always)
    mutating func add(
        _ entry: Entry, at position: Int64, oldest: Int64, source: @autoclosure () -> EntityReference
    ) {
        let isUnanswered =
            scope.seesBothWays && entry.traits.isDisjoint(with: [.isAnswered, .expectsNoAnswer])
        addCounters(entry)
        addBeginnings(entry, isUnanswered: isUnanswered)
        addAnswers(entry, isUnanswered: isUnanswered)
        if entry.traits.contains(.isInitiated) {
            addInitiated(entry, isUnanswered: isUnanswered)
            if view == .destination, entry.syn > 0, isHalfOpen(entry) {
                // All of an IPv6 prefix are one source; of who was seen with a single packet the address will do.
                let slot = source().slot
                halfOpen.add(slot >= 0 ? UInt64(slot) : entry.sourceHash, entry.syn)
            }
        }
        if entry.flowPackets > tally.largestFlow {
            tally.largestFlow = entry.flowPackets
            largestFlow = position
            largestSample = entry.sample
        }
        // What counts flows rather than packets takes each flow once, at its first entry.
        if entry.previous < oldest { addFlow(entry, isUnanswered: isUnanswered) }
    }

    @inline(__always)
    private mutating func addFlow(_ entry: Entry, isUnanswered: Bool) {
        tally.flows += 1
        if !entry.traits.contains(.expectsNoAnswer) { tally.flowsToHosts += 1 }
        if entry.traits.contains(.isInitiated) { tally.initiated += 1 }
        if isUnanswered { tally.unansweredFlows += 1 }
        // Who guesses passwords has conversations with the login service too.
        if entry.traits.isSuperset(of: [.isInitiated, .isServed]), !entry.traits.contains(.isLogin) {
            evidence.served += 1
        }
        let number = UInt64(entry.protocol.rawValue) << 16
        peers.add(view == .source ? entry.destinationHash : entry.sourceHash)
        destinationPorts.add(number | UInt64(entry.destinationPort))
        sourcePorts.add(number | UInt64(entry.sourcePort))
    }

    /// Whether a connection that was begun by its source is not completed.
    @inline(__always)
    private func isHalfOpen(_ entry: Entry) -> Bool {
        entry.protocol == .tcp && !entry.traits.contains(scope.seesBothWays ? .isEstablished : .takesPart)
    }

    @inline(__always)
    private mutating func addCounters(_ entry: Entry) {
        tally.packets &+= entry.packets
        tally.bytes &+= entry.bytes
        tally.squaredBytes += entry.squaredBytes
        tally.fragments &+= UInt64(entry.fragments)
        if entry.bytes <= entry.packets &* 90 { tally.small &+= entry.packets }
        if entry.protocol == .tcp {
            tally.tcp &+= entry.packets
            tally.syn &+= UInt64(entry.syn)
            tally.synAck &+= UInt64(entry.synAck)
            tally.closes &+= UInt64(entry.closes)
            tally.noAck &+= UInt64(entry.noAck)
        } else if entry.protocol == .udp {
            tally.udp &+= entry.packets
            if entry.destinationPort == 53 || entry.sourcePort == 53 {
                tally.dns &+= entry.packets
                tally.dnsBytes &+= entry.bytes
            }
        } else if entry.protocol.isICMP {
            tally.icmp &+= entry.packets
            tally.icmpBytes &+= entry.bytes
        }
    }

    @inline(__always)
    private mutating func addBeginnings(_ entry: Entry, isUnanswered: Bool) {
        if entry.traits.contains(.isNew) {
            tally.new += 1
            if isUnanswered { tally.unanswered += 1 }
        }
        if entry.traits.contains(.isNovelService) { tally.novelServices += 1 }
        if entry.traits.contains(.isNovelPeer) { tally.novelPeers += 1 }
    }

    @inline(__always)
    private mutating func addAnswers(_ entry: Entry, isUnanswered: Bool) {
        if entry.traits.contains(.expectsNoAnswer) { evidence.noticePackets &+= entry.packets }
        if view == .destination, !entry.traits.contains(.isAnswered) {
            evidence.reflectedPackets &+= Amplifiers.reflected(in: entry)
        }
        guard isUnanswered else { return }
        tally.unansweredPackets &+= entry.packets
        tally.unansweredBytes &+= entry.bytes
        evidence.largestOneWayFlow = max(evidence.largestOneWayFlow, entry.flowPackets)
    }

    /// What tells of its source, which began the conversation.
    @inline(__always)
    private mutating func addInitiated(_ entry: Entry, isUnanswered: Bool) {
        let age = scope.now - entry.first
        evidence.initiatedPackets &+= entry.packets
        if entry.service >= 0 { addService(entry) }
        if entry.traits.contains(.isNovelService),
            entry.traits.contains(.isRefused) || isUnanswered && age >= 300_000_000
        {
            evidence.failedServices += 1
        }
        if entry.protocol == .tcp {
            if entry.traits.contains(.isEstablished) { evidence.isTwoWay = true }
            // The system below a SYN flood's tool resets what it never asked for: no use of a connection either.
            evidence.tcpPackets &+= entry.packets &- min(entry.packets, UInt64(entry.rst))
            evidence.synPackets &+= UInt64(entry.syn)
            if isHalfOpen(entry) {
                evidence.halfOpen &+= UInt64(entry.syn)
                if age >= 200_000_000 { evidence.halfOpenWaiting &+= UInt64(entry.syn) }
            }
        } else if !entry.traits.contains(.isAnswered) {
            evidence.unansweredPackets &+= entry.packets
            evidence.unansweredBytes &+= entry.bytes
        }
        if entry.protocol.isICMP { evidence.icmpPackets &+= entry.packets }
    }

    /// How its source turns to its service.
    @inline(__always)
    private mutating func addService(_ entry: Entry) {
        tally.repeat60 = max(tally.repeat60, entry.repeat60)
        tally.repeat600 = max(tally.repeat600, entry.repeat600)
        tally.regularity = max(tally.regularity, entry.regularity)
        if entry.traits.contains(.isTCP) {
            tally.tcpRepeat60 = max(tally.tcpRepeat60, entry.repeat60)
            tally.tcpRepeat600 = max(tally.tcpRepeat600, entry.repeat600)
        }
        if entry.traits.contains(.isLogin) {
            tally.login60 = max(tally.login60, entry.repeat60)
            tally.login600 = max(tally.login600, entry.repeat600)
        }
        if entry.traits.contains(.isInteractive) {
            evidence.loginRepeat60 = max(evidence.loginRepeat60, Double(entry.repeat60))
            evidence.loginRepeat600 = max(evidence.loginRepeat600, Double(entry.repeat600))
        }
        evidence.unserved = max(evidence.unserved, Double(entry.unserved))
        if entry.steadySeconds > 0 {
            let steady = Double(entry.steadySeconds)
            if entry.traits.contains(.isHabit) {
                evidence.habitualSeconds = max(evidence.habitualSeconds, steady)
            } else {
                evidence.steadySeconds = max(evidence.steadySeconds, steady)
            }
            if entry.traits.contains(.isNewService) {
                evidence.newSteadySeconds = max(evidence.newSteadySeconds, steady)
            }
        }
        if entry.traits.isSuperset(of: [.isAlike, .isTCP]) {
            evidence.alikeRepeat60 = max(evidence.alikeRepeat60, Double(entry.repeat60))
            if entry.traits.contains(.isInteractive) {
                evidence.alikeLogins600 = max(evidence.alikeLogins600, Double(entry.repeat600))
            }
        }
    }

    /// Adds to the volume what the data plane counted without a flow entry: an estimate, less its expected excess.
    private mutating func addAside(_ frames: [Frame], to address: Address) {
        for frame in frames {
            guard let sketch = frame.aside else { continue }
            let estimate = sketch.packets(to: address)
            guard estimate > frame.asideNoise else { continue }
            let packets = estimate - frame.asideNoise
            tally.packets &+= packets
            tally.bytes &+= UInt64(Double(packets) * min(frame.asideLength, 65_535))
            evidence.asidePackets &+= packets
        }
    }

    /// Ends the additions: what was left out by the step is made up for.
    mutating func scale(packets: UInt64, bytes: UInt64) {
        tally.scale(by: step, packets: packets, bytes: bytes)
        guard step > 1 else { return }
        for count in [
            \Evidence.initiatedPackets, \.synPackets, \.halfOpen, \.halfOpenWaiting, \.tcpPackets,
            \.unansweredPackets,
            \.unansweredBytes, \.icmpPackets, \.noticePackets, \.reflectedPackets,
        ] { evidence[keyPath: count] &*= UInt64(step) }
        evidence.failedServices *= step
        evidence.served *= step
    }

    /// Completes the evidence by what the history holds, and appends the features.
    ///
    /// The history stays as it is; `inout` has it read where it stands, for it is four cache lines long.
    ///
    /// - Returns: whose window it is.
    mutating func conclude(
        _ history: inout History, _ frames: [Frame], features: inout OutputSpan<Float>
    ) -> Prefix {
        let frame = frames.lastIndex { $0.first <= largestFlow }
        if let frame { frames[frame].samples.prefetch(Int(largestSample)) }
        if view == .destination { addAside(frames, to: history.prefix.address) }
        appendFeatures(&history, to: &features)
        if let frame { evidence.largestFlow = frames[frame].samples[Int(largestSample)].key }
        evidence.novelServices60 = Double(history.sums60[History.Quantity.novel.rawValue])
        evidence.failedServices60 = history.ongoing(.failedServices, with: Double(evidence.failedServices))
        evidence.dnsQueries60 = Double(history.sums60[History.Quantity.dnsQueries.rawValue])
        evidence.longQueries60 = history.ongoing(.longQueries)
        evidence.peers = peers.distinct(step: step)
        evidence.largestHalfOpen = UInt64(halfOpen.largest) * UInt64(step)
        evidence.ports = destinationPorts.distinct(step: step)
        evidence.oneWayPackets = tally.unansweredPackets
        return history.prefix
    }
}
