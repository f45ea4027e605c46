import RealModule
import Traffic

extension WindowSummary {
    /// Appends the features in the order of `Feature`; `FeatureSchema` says what each is.
    func appendFeatures(_ history: inout History, to features: inout OutputSpan<Float>) {
        let start = features.count
        let logarithms = logarithms(&history)
        appendVolume(logarithms, to: &features)
        appendSpread(logarithms, to: &features)
        appendAnswers(logarithms, to: &features)
        appendHistory(logarithms, to: &features)
        appendRepetition(logarithms, to: &features)
        appendTunnels(logarithms, to: &features)
        assert(features.count - start == FeatureSchema.count, "one number a feature")
    }

    private func share(_ part: UInt64, of whole: UInt64) -> Float {
        whole == 0 ? 0 : Float(part) / Float(whole)
    }

    private func logarithms(_ history: inout History) -> Logarithms {
        var of = Logarithms()
        of[.packets] = Float(tally.packets)
        of[.bytes] = Float(tally.bytes)
        of[.bytesPerFlow] = Float(tally.bytes) / max(1, tally.flows)
        of[.largestFlow] = Float(tally.largestFlow)
        of[.flows] = tally.flows
        of[.peers] = Float(peers.distinct(step: step))
        of[.destinationPorts] = Float(destinationPorts.distinct(step: step))
        of[.sourcePorts] = Float(sourcePorts.distinct(step: step))
        of[.new] = tally.new
        of[.unanswered] = tally.unanswered
        of[.unansweredBytes] = Float(tally.unansweredBytes)
        of[.returnedResets] = Float(tally.returnedResets)
        of[.returnedBytes] = Float(tally.returnedBytes)
        of.put(.packets, of: &history, at: (.packets10, .packets60, .packets600))
        of.put(.bytes, of: &history, at: (.bytes10, .bytes60, .bytes600))
        of.put(.newFlows, of: &history, at: (.newFlows10, .newFlows60, .newFlows600))
        // Whether a flow stays unanswered is written into the history only when it leaves the window.
        of.put(
            .unanswered, of: &history, at: (.unanswered10, .unanswered60, .unanswered600),
            with: tally.unanswered)
        of.put(
            .resetsReceived, of: &history, at: (.resetsReceived10, .resetsReceived60, .resetsReceived600))
        of.put(.novel, of: &history, at: (.novel10, .novel60, .novel600))
        of[.bytesBack60] = history.sums60[History.Quantity.bytesBack.rawValue]
        of[.bytesBack600] = history.sums600[History.Quantity.bytesBack.rawValue]
        let (packets, flows) = history.meanRates(
            of: .packets, without: Float(tally.packets), and: .newFlows, without: tally.new, at: scope.now)
        of[.usualPackets] = packets
        of[.usualFlows] = flows
        of[.repeat60] = tally.repeat60
        of[.repeat600] = tally.repeat600
        of[.tcpRepeat60] = tally.tcpRepeat60
        of[.tcpRepeat600] = tally.tcpRepeat600
        of[.login60] = tally.login60 - 5
        of[.login600] = tally.login600 - 15
        of[.dnsBytes60] = history.sums60[History.Quantity.dnsBytes.rawValue]
        of[.dnsBytes600] = history.sums600[History.Quantity.dnsBytes.rawValue]
        of[.dnsExcess60] = history.sums60[History.Quantity.dnsExcess.rawValue] - 1000
        of[.icmpExcess60] = history.sums60[History.Quantity.icmpExcess.rawValue] - 2000
        of[.closes60] = history.sums60[History.Quantity.closes.rawValue]
        of.take()
        return of
    }

    private func appendVolume(_ logarithms: borrowing Logarithms, to features: inout OutputSpan<Float>) {
        let packets = Float(max(1, tally.packets))
        let mean = Float(tally.bytes) / packets
        let variance = max(0, tally.squaredBytes / packets - mean * mean)
        features.append(logarithms[.packets])
        features.append(logarithms[.bytes])
        features.append(mean / 1500)
        features.append(variance.squareRoot() / 1500)
        features.append(logarithms[.bytesPerFlow])
        features.append(share(tally.small, of: tally.packets))
        features.append(logarithms[.largestFlow])
        features.append(min(1, share(tally.fragments, of: tally.packets)))
    }

    private func appendSpread(_ logarithms: borrowing Logarithms, to features: inout OutputSpan<Float>) {
        let flows = max(1, tally.flows)
        features.append(logarithms[.flows])
        features.append(logarithms[.peers])
        features.append(logarithms[.destinationPorts])
        features.append(logarithms[.sourcePorts])
        features.append(destinationPorts.entropy)
        features.append(sourcePorts.entropy)
        features.append(peers.entropy)
        features.append(logarithms[.new])
        features.append(tally.new / flows)
        features.append(tally.initiated / flows)
        features.append(
            view == .source
                ? tally.novelServices / flows : tally.novelPeers / Float(max(1, peers.distinct(step: step))))
    }

    private func appendAnswers(_ logarithms: borrowing Logarithms, to features: inout OutputSpan<Float>) {
        features.append(logarithms[.unanswered])
        features.append(tally.flowsToHosts == 0 ? 0 : tally.unansweredFlows / tally.flowsToHosts)
        features.append(share(tally.unansweredPackets, of: tally.packets))
        features.append(logarithms[.unansweredBytes])
        features.append(logarithms[.returnedResets])
        features.append(logarithms[.bytes] - logarithms[.returnedBytes])
        features.append(share(tally.syn, of: tally.tcp))
        features.append(share(tally.synAck, of: tally.tcp))
        features.append(share(tally.closes, of: tally.tcp))
        features.append(share(tally.noAck, of: tally.tcp))
        features.append(share(tally.tcp, of: tally.packets))
        features.append(share(tally.udp, of: tally.packets))
        features.append(share(tally.icmp, of: tally.packets))
    }

    private func appendHistory(_ logarithms: borrowing Logarithms, to features: inout OutputSpan<Float>) {
        features.append(logarithms[.packets10])
        features.append(logarithms[.packets60])
        features.append(logarithms[.packets600])
        features.append(logarithms[.bytes10])
        features.append(logarithms[.bytes60])
        features.append(logarithms[.bytes600])
        features.append(logarithms[.newFlows10])
        features.append(logarithms[.newFlows60])
        features.append(logarithms[.newFlows600])
        features.append(logarithms[.unanswered10])
        features.append(logarithms[.unanswered60])
        features.append(logarithms[.unanswered600])
        features.append(logarithms[.resetsReceived10])
        features.append(logarithms[.resetsReceived60])
        features.append(logarithms[.resetsReceived600])
        features.append(logarithms[.novel10])
        features.append(logarithms[.novel60])
        features.append(logarithms[.novel600])
        features.append(logarithms[.bytes60] - logarithms[.bytesBack60])
        features.append(logarithms[.bytes600] - logarithms[.bytesBack600])
        features.append(logarithms[.packets] - logarithms[.usualPackets])
        features.append(logarithms[.new] - logarithms[.usualFlows])
    }

    private func appendRepetition(_ logarithms: borrowing Logarithms, to features: inout OutputSpan<Float>) {
        features.append(logarithms[.repeat60])
        features.append(logarithms[.repeat600])
        features.append(logarithms[.tcpRepeat60])
        features.append(logarithms[.tcpRepeat600])
        features.append(logarithms[.login60])
        features.append(logarithms[.login600])
        features.append(tally.regularity)
    }

    private func appendTunnels(_ logarithms: borrowing Logarithms, to features: inout OutputSpan<Float>) {
        features.append(logarithms[.dnsBytes60])
        features.append(logarithms[.dnsBytes600])
        features.append(tally.dns == 0 ? 0 : Float(tally.dnsBytes) / Float(tally.dns) / 1500)
        features.append(tally.icmp == 0 ? 0 : Float(tally.icmpBytes) / Float(tally.icmp) / 1500)
        features.append(logarithms[.dnsExcess60])
        features.append(logarithms[.icmpExcess60])
        features.append(logarithms[.closes60])
    }
}

extension Logarithms {
    /// Puts the sums of a quantity over all spans down.
    @inline(__always)
    fileprivate mutating func put(
        _ quantity: History.Quantity, of history: inout History, at spans: (Count, Count, Count),
        with recent: Float = 0
    ) {
        self[spans.0] = history.sums10[quantity.rawValue] + recent
        self[spans.1] = history.sums60[quantity.rawValue] + recent
        self[spans.2] = history.sums600[quantity.rawValue] + recent
    }
}
