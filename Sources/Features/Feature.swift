import RealModule

/// The features of a window, in the order of the vector.
///
/// Source view: flows going out of the entity. Destination view: the mirror, flows going into it. L(x) stands for
/// ln(1 + x); S(t) for a sum of all that ever came, each part decayed by exp(-age / t).
package enum Feature: Int, CaseIterable, Sendable {
    // Volume and shape.
    case packets, bytes, meanLength, lengthDeviation, bytesPerFlow, smallShare, largestFlow, fragmentShare
    // Spread.
    case flows, peers, destinationPorts, sourcePorts, destinationPortEntropy, sourcePortEntropy, peerEntropy
    // Beginnings.
    case newFlows, newShare, initiatedShare, novelShare
    // Answers.
    case unanswered, unansweredShare, unansweredPacketShare, unansweredBytes, resetsReceived, outInRatio
    // TCP, and the mix of protocols.
    case synShare, synAckShare, closeShare, noAckShare, tcpShare, udpShare, icmpShare
    // History over 10, 60 and 600 s.
    case packets10, packets60, packets600, bytes10, bytes60, bytes600
    case newFlows10, newFlows60, newFlows600, unanswered10, unanswered60, unanswered600
    case resets10, resets60, resets600, novel10, novel60, novel600
    case outIn60, outIn600
    // Surge against the entity's own mean.
    case surgePackets, surgeNewFlows
    // Repetition on one service.
    case repeat60, repeat600, tcpRepeat60, tcpRepeat600, loginRepeat60, loginRepeat600, regularity
    // Tunnels and closes.
    case dnsBytes60, dnsBytes600, dnsMeanLength, icmpMeanLength, dnsExcess60, icmpExcess60, closes60
}

/// What evidence features speak for together; the winning group names the reason of a verdict.
package enum FeatureGroup: String, CaseIterable, Sendable {
    case volume
    case connections
    case scan
    case failure
    case repetition
    case exfiltration
    case protocolOddity = "protocol"
}

/// How a feature's number relates to the quantity that people read.
package enum FeatureScale: Sendable {
    /// ln(1 + x) of a count.
    case logarithm
    /// ln((1 + a) / (1 + b)); people read the ratio.
    case logarithmOfRatio
    /// x / 1500, of a length in bytes.
    case length
    /// As it is.
    case plain

    /// The quantity in the unit that people read.
    package func quantity(of feature: Double) -> Double {
        switch self {
        case .logarithm: .exp(feature) - 1
        case .logarithmOfRatio: .exp(feature)
        case .length: feature * 1500
        case .plain: feature
        }
    }

    /// The feature that has this quantity.
    package func feature(of quantity: Double) -> Double {
        switch self {
        case .logarithm: .log(quantity + 1)
        case .logarithmOfRatio: .log(quantity)
        case .length: quantity / 1500
        case .plain: quantity
        }
    }
}
