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
    private var largestHalfOpen: UInt32 = 0
    private var blames = InlineArray<6, BlameTally>(repeating: BlameTally())
    private(set) var view = Entity.View.source
    private(set) var step = 1
    /// Position of the newest entry of the flow with the most packets, and the number of its sample in its reading.
    private var largestFlow = EntryLog.nowhere
    private var largestSample: Int32 = 0
    private(set) var scope = WindowScope(now: 0, seesBothWays: false, maximumWindows: 0)

    /// Starts over for another entity.
    ///
    /// At most `flows` entries will be added, every `step`th of those in its window.
    mutating func begin(
        _ view: Entity.View, flows: Int, step: Int, returned: SIMD2<UInt64>, scope: WindowScope
    ) {
        tally = WindowTally()
        (tally.returnedBytes, tally.returnedResets) = (returned.x, returned.y)
        evidence = Evidence()
        largestFlow = EntryLog.nowhere
        blames = InlineArray(repeating: BlameTally())
        largestHalfOpen = 0
        self.view = view
        self.scope = scope
        self.step = step
        peers.reset(expected: flows + 1)
        destinationPorts.reset(expected: flows + 1)
        sourcePorts.reset(expected: flows + 1)
        halfOpen.reset(expected: view == .destination ? flows + 1 : 0)
    }

    /// Adds the entry that stands at `position` of the log.
    ///
    /// Its fields are read where they stand: copies of two cache lines took a quarter of the time.
    @inline(__always)
    mutating func add(_ position: Int64, of log: borrowing EntryLog) {
        let isUnanswered =
            scope.seesBothWays && log[position].traits.isDisjoint(with: [.isAnswered, .expectsNoAnswer])
        addCounters(position, of: log)
        addBeginnings(position, of: log, isUnanswered: isUnanswered)
        addAnswers(position, of: log, isUnanswered: isUnanswered)
        if log[position].traits.contains(.isInitiated) {
            addInitiated(position, of: log, isUnanswered: isUnanswered)
            if view == .destination, log[position].syn > 0, isHalfOpen(position, of: log) {
                // All of an IPv6 prefix are one source; of who was seen with a single packet the address will do.
                let slot = log.ends(at: position).source.slot
                let times = halfOpen.add(
                    slot >= 0 ? UInt64(slot) : log[position].sourceHash, log[position].syn)
                largestHalfOpen = max(largestHalfOpen, times)
            }
        }
        if log[position].flowPackets > tally.largestFlow {
            tally.largestFlow = log[position].flowPackets
            largestFlow = position
            largestSample = log[position].sample
        }
        // What counts flows rather than packets takes each flow once, at its first log[position].
        if log[position].previous < log.oldest { addFlow(position, of: log, isUnanswered: isUnanswered) }
    }

    @inline(__always)
    private mutating func blame(
        _ blame: Blame, _ position: Int64, _ weight: UInt64, in log: borrowing EntryLog
    ) { blames[blame.rawValue].weigh(position, weight, in: log) }

    @inline(__always)
    private mutating func addFlow(_ position: Int64, of log: borrowing EntryLog, isUnanswered: Bool) {
        tally.flows += 1
        if !log[position].traits.contains(.expectsNoAnswer) { tally.flowsToHosts += 1 }
        if log[position].traits.contains(.isInitiated) { tally.initiated += 1 }
        if isUnanswered { tally.unansweredFlows += 1 }
        // Who guesses passwords has conversations with the login service too.
        if log[position].traits.isSuperset(of: [.isInitiated, .isServed]),
            !log[position].traits.contains(.isLogin)
        {
            evidence.served += 1
        }
        let number = UInt64(log[position].protocol.rawValue) << 16
        peers.add(view == .source ? log[position].destinationHash : log[position].sourceHash)
        destinationPorts.add(number | UInt64(log[position].destinationPort))
        sourcePorts.add(number | UInt64(log[position].sourcePort))
    }

    /// Whether a connection that was begun by its source is not completed.
    @inline(__always)
    private func isHalfOpen(_ position: Int64, of log: borrowing EntryLog) -> Bool {
        log[position].protocol == .tcp
            && !log[position].traits.contains(scope.seesBothWays ? .isEstablished : .takesPart)
    }

    @inline(__always)
    private mutating func addCounters(_ position: Int64, of log: borrowing EntryLog) {
        tally.packets &+= log[position].packets
        tally.bytes &+= log[position].bytes
        tally.squaredBytes += log[position].squaredBytes
        tally.fragments &+= UInt64(log[position].fragments)
        if log[position].bytes <= log[position].packets &* 90 { tally.small &+= log[position].packets }
        if log[position].protocol == .tcp {
            tally.tcp &+= log[position].packets
            tally.syn &+= UInt64(log[position].syn)
            tally.synAck &+= UInt64(log[position].synAck)
            tally.closes &+= UInt64(log[position].closes)
            tally.noAck &+= UInt64(log[position].noAck)
        } else if log[position].protocol == .udp {
            tally.udp &+= log[position].packets
            if log[position].destinationPort == 53 || log[position].sourcePort == 53 {
                tally.dns &+= log[position].packets
                tally.dnsBytes &+= log[position].bytes
            }
        } else if log[position].protocol.isICMP {
            tally.icmp &+= log[position].packets
            tally.icmpBytes &+= log[position].bytes
        }
    }

    @inline(__always)
    private mutating func addBeginnings(_ position: Int64, of log: borrowing EntryLog, isUnanswered: Bool) {
        if log[position].traits.contains(.isNew) {
            tally.new += 1
            if isUnanswered { tally.unanswered += 1 }
        }
        if log[position].traits.contains(.isNovelService) { tally.novelServices += 1 }
        if log[position].traits.contains(.isNovelPeer) { tally.novelPeers += 1 }
    }

    @inline(__always)
    private mutating func addAnswers(_ position: Int64, of log: borrowing EntryLog, isUnanswered: Bool) {
        if log[position].traits.contains(.expectsNoAnswer) {
            evidence.noticePackets &+= log[position].packets
        }
        if view == .destination, !log[position].traits.contains(.isAnswered) {
            evidence.reflectedPackets &+= Amplifiers.reflected(in: log[position])
        }
        guard isUnanswered else { return }
        blame(.oneWay, position, log[position].flowPackets, in: log)
        tally.unansweredPackets &+= log[position].packets
        tally.unansweredBytes &+= log[position].bytes
        evidence.largestOneWayFlow = max(evidence.largestOneWayFlow, log[position].flowPackets)
    }

    /// What tells of its source, which began the conversation.
    @inline(__always)
    private mutating func addInitiated(_ position: Int64, of log: borrowing EntryLog, isUnanswered: Bool) {
        let age = scope.now - log[position].first
        evidence.initiatedPackets &+= log[position].packets
        blame(.beginning, position, log[position].flowPackets, in: log)
        if log[position].isProven {
            evidence.isTwoWay = true
            evidence.provenPackets &+= log[position].packets
        }
        if log[position].protocol.isExtensionHeader { evidence.hiddenPackets &+= log[position].packets }
        if log[position].service >= 0 { addService(position, of: log) }
        if log[position].traits.contains(.isNovelService),
            log[position].traits.contains(.isRefused) || isUnanswered && age >= 300_000_000
        {
            evidence.failedServices += 1
            blame(.failure, position, 1, in: log)
        }
        if log[position].protocol == .tcp {
            // The system below a SYN flood's tool resets what it never asked for: no use of a connection either.
            evidence.tcpPackets &+=
                log[position].packets &- min(log[position].packets, UInt64(log[position].rst))
            evidence.synPackets &+= UInt64(log[position].syn)
            if isHalfOpen(position, of: log) {
                evidence.halfOpen &+= UInt64(log[position].syn)
                if log[position].syn > 0 { blame(.halfOpen, position, UInt64(log[position].syn), in: log) }
                if age >= 200_000_000 { evidence.halfOpenWaiting &+= UInt64(log[position].syn) }
            }
        } else if !log[position].traits.contains(.isAnswered) {
            if !isUnanswered { blame(.oneWay, position, log[position].flowPackets, in: log) }
            evidence.unansweredPackets &+= log[position].packets
            evidence.unansweredBytes &+= log[position].bytes
            evidence.unansweredSquares += Double(log[position].squaredBytes)
        }
        if log[position].protocol.isICMP { evidence.icmpPackets &+= log[position].packets }
    }

    /// How its source turns to its service.
    @inline(__always)
    private mutating func addService(_ position: Int64, of log: borrowing EntryLog) {
        tally.repeat60 = max(tally.repeat60, log[position].repeat60)
        tally.repeat600 = max(tally.repeat600, log[position].repeat600)
        tally.regularity = max(tally.regularity, log[position].regularity)
        if log[position].traits.contains(.isTCP) {
            tally.tcpRepeat60 = max(tally.tcpRepeat60, log[position].repeat60)
            tally.tcpRepeat600 = max(tally.tcpRepeat600, log[position].repeat600)
        }
        if log[position].traits.contains(.isLogin) {
            tally.login60 = max(tally.login60, log[position].repeat60)
            tally.login600 = max(tally.login600, log[position].repeat600)
        }
        if log[position].traits.contains(.isInteractive) {
            blame(.login, position, UInt64(log[position].repeat600 * 16), in: log)
            evidence.loginRepeat60 = max(evidence.loginRepeat60, Double(log[position].repeat60))
            evidence.loginRepeat600 = max(evidence.loginRepeat600, Double(log[position].repeat600))
        }
        let calls = max(log[position].unserved, log[position].repeat60, log[position].steadySeconds / 4)
        blame(.call, position, UInt64(calls * 16), in: log)
        evidence.unserved = max(evidence.unserved, Double(log[position].unserved))
        if log[position].steadySeconds > 0 {
            let steady = Double(log[position].steadySeconds)
            if log[position].traits.contains(.isHabit) {
                evidence.habitualSeconds = max(evidence.habitualSeconds, steady)
            } else {
                evidence.steadySeconds = max(evidence.steadySeconds, steady)
            }
            if log[position].traits.contains(.isNewService) {
                evidence.newSteadySeconds = max(evidence.newSteadySeconds, steady)
            }
        }
        if log[position].traits.isSuperset(of: [.isAlike, .isTCP]) {
            evidence.alikeRepeat60 = max(evidence.alikeRepeat60, Double(log[position].repeat60))
            if log[position].traits.contains(.isInteractive) {
                evidence.alikeLogins600 = max(evidence.alikeLogins600, Double(log[position].repeat600))
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
            \Evidence.initiatedPackets, \.provenPackets, \.hiddenPackets, \.synPackets, \.halfOpen,
            \.halfOpenWaiting, \.tcpPackets,
            \.unansweredPackets,
            \.unansweredBytes, \.icmpPackets, \.noticePackets, \.reflectedPackets,
        ] { evidence[keyPath: count] &*= UInt64(step) }
        evidence.failedServices *= step
        evidence.unansweredSquares *= Double(step)
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
        layBlame(frames)
        evidence.novelServices60 = Double(history.sums60[History.Quantity.novel.rawValue])
        evidence.failedServices60 = history.ongoing(.failedServices, with: Double(evidence.failedServices))
        evidence.dnsQueries60 = Double(history.sums60[History.Quantity.dnsQueries.rawValue])
        evidence.longQueries60 = history.ongoing(.longQueries)
        evidence.peers = peers.distinct(step: step)
        evidence.largestHalfOpen = UInt64(largestHalfOpen) * UInt64(step)
        evidence.ports = destinationPorts.distinct(step: step)
        evidence.oneWayPackets = tally.unansweredPackets
        return history.prefix
    }
}

extension WindowSummary {
    /// Writes down which flows are to blame.
    private mutating func layBlame(_ frames: [Frame]) {
        for blame in Blame.allCases {
            let tally = blames[blame.rawValue]
            guard tally.total >= blame.least,
                let frame = frames.lastIndex(where: { $0.first <= tally.position })
            else { continue }
            evidence.blamed[blame] = Blames.Flow(
                key: frames[frame].samples[Int(tally.sample)].key, severalHosts: tally.severalHosts,
                severalPorts: tally.severalPorts)
        }
        evidence.provenLogins = blames[Blame.login.rawValue].provenPercent
        evidence.provenCalls = blames[Blame.call.rawValue].provenPercent
    }
}
