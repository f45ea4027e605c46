import RealModule
import Traffic

extension WindowSummary {
    /// Appends the features in the order of `Feature`; `FeatureSchema` says what each is.
    func appendFeatures(_ history: History, to features: inout OutputSpan<Float>) {
        let start = features.count
        appendVolume(to: &features)
        appendSpread(to: &features)
        appendAnswers(to: &features)
        appendHistory(history, to: &features)
        appendRepetition(to: &features)
        appendTunnels(history, to: &features)
        assert(features.count - start == FeatureSchema.count, "one number a feature")
    }

    /// Most counts of most windows are zero.
    private func logarithm(_ count: Float) -> Float { count > 0 ? .log(onePlus: count) : 0 }

    private func share(_ part: UInt64, of whole: UInt64) -> Float {
        whole == 0 ? 0 : Float(part) / Float(whole)
    }

    private func appendVolume(to features: inout OutputSpan<Float>) {
        let packets = Float(max(1, tally.packets))
        let mean = Float(tally.bytes) / packets
        let variance = max(0, tally.squaredBytes / packets - mean * mean)
        features.append(logarithm(Float(tally.packets)))
        features.append(logarithm(Float(tally.bytes)))
        features.append(mean / 1500)
        features.append(variance.squareRoot() / 1500)
        features.append(logarithm(Float(tally.bytes) / max(1, tally.flows)))
        features.append(share(tally.small, of: tally.packets))
        features.append(logarithm(Float(tally.largestFlow)))
        features.append(min(1, share(tally.fragments, of: tally.packets)))
    }

    private func appendSpread(to features: inout OutputSpan<Float>) {
        let flows = max(1, tally.flows)
        features.append(logarithm(tally.flows))
        features.append(logarithm(Float(peers.distinct(step: step))))
        features.append(logarithm(Float(destinationPorts.distinct(step: step))))
        features.append(logarithm(Float(sourcePorts.distinct(step: step))))
        features.append(destinationPorts.entropy)
        features.append(sourcePorts.entropy)
        features.append(peers.entropy)
        features.append(logarithm(tally.new))
        features.append(tally.new / flows)
        features.append(tally.initiated / flows)
        features.append(
            view == .source
                ? tally.novelServices / flows : tally.novelPeers / Float(max(1, peers.distinct(step: step))))
    }

    private func appendAnswers(to features: inout OutputSpan<Float>) {
        features.append(logarithm(tally.unanswered))
        features.append(tally.flowsToHosts == 0 ? 0 : tally.unansweredFlows / tally.flowsToHosts)
        features.append(share(tally.unansweredPackets, of: tally.packets))
        features.append(logarithm(Float(tally.unansweredBytes)))
        features.append(logarithm(Float(tally.returnedResets)))
        features.append(logarithm(Float(tally.bytes)) - logarithm(Float(tally.returnedBytes)))
        features.append(share(tally.syn, of: tally.tcp))
        features.append(share(tally.synAck, of: tally.tcp))
        features.append(share(tally.closes, of: tally.tcp))
        features.append(share(tally.noAck, of: tally.tcp))
        features.append(share(tally.tcp, of: tally.packets))
        features.append(share(tally.udp, of: tally.packets))
        features.append(share(tally.icmp, of: tally.packets))
    }

    private func appendHistory(_ history: History, to features: inout OutputSpan<Float>) {
        let quantities: InlineArray<6, History.Quantity> = [
            .packets, .bytes, .newFlows, .unanswered, .resetsReceived, .novel,
        ]
        for index in quantities.indices {
            let quantity = quantities[index]
            // Whether a flow stays unanswered is written into the history only when it leaves the window.
            let recent = quantity == .unanswered ? tally.unanswered : 0
            features.append(logarithm(history.sums10[quantity.rawValue] + recent))
            features.append(logarithm(history.sums60[quantity.rawValue] + recent))
            features.append(logarithm(history.sums600[quantity.rawValue] + recent))
        }
        let out = History.Quantity.bytes.rawValue
        let back = History.Quantity.bytesBack.rawValue
        features.append(logarithm(history.sums60[out]) - logarithm(history.sums60[back]))
        features.append(logarithm(history.sums600[out]) - logarithm(history.sums600[back]))
        let usualPackets = history.meanRate(of: .packets, without: Float(tally.packets), at: scope.now)
        let usualFlows = history.meanRate(of: .newFlows, without: tally.new, at: scope.now)
        features.append(logarithm(Float(tally.packets)) - logarithm(usualPackets))
        features.append(logarithm(tally.new) - logarithm(usualFlows))
    }

    private func appendRepetition(to features: inout OutputSpan<Float>) {
        features.append(logarithm(tally.repeat60))
        features.append(logarithm(tally.repeat600))
        features.append(logarithm(tally.tcpRepeat60))
        features.append(logarithm(tally.tcpRepeat600))
        features.append(logarithm(tally.login60 - 5))
        features.append(logarithm(tally.login600 - 15))
        features.append(tally.regularity)
    }

    private func appendTunnels(_ history: History, to features: inout OutputSpan<Float>) {
        features.append(logarithm(history.sums60[History.Quantity.dnsBytes.rawValue]))
        features.append(logarithm(history.sums600[History.Quantity.dnsBytes.rawValue]))
        features.append(tally.dns == 0 ? 0 : Float(tally.dnsBytes) / Float(tally.dns) / 1500)
        features.append(tally.icmp == 0 ? 0 : Float(tally.icmpBytes) / Float(tally.icmp) / 1500)
        features.append(logarithm(history.sums60[History.Quantity.dnsExcess.rawValue] - 1000))
        features.append(logarithm(history.sums60[History.Quantity.icmpExcess.rawValue] - 2000))
        features.append(logarithm(history.sums60[History.Quantity.closes.rawValue]))
    }
}
