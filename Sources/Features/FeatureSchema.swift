/// One feature as documentation, model files and explanations know it.
package struct FeatureDescription: Sendable {
    package let feature: Feature
    /// As in model files, events and documentation.
    package let name: String
    /// What people count it in; empty for pure numbers.
    package let unit: String
    package let scale: FeatureScale
    /// The groups it is evidence in; none for those that only describe.
    package let groups: [FeatureGroup]
    package let formula: String
    /// What it gives away.
    package let reason: String
}

/// The features of this build.
///
/// Models carry its `identity` and are refused by builds with another.
package enum FeatureSchema {
    /// Number of features in a vector.
    package static let count = Feature.allCases.count

    /// Names in the order of the vector, with the version of the formulas: changed whenever either changes.
    package static let identity: String = {
        let text = (["formulas 1"] + features.map(\.name)).joined(separator: ",")
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "\(count)-" + String(hash, radix: 16)
    }()

    /// The description of a feature.
    package static func description(of feature: Feature) -> FeatureDescription { features[feature.rawValue] }

    /// In the order of the vector.
    package static let features: [FeatureDescription] = [
        FeatureDescription(
            feature: .packets, name: "packets", unit: "packets", scale: .logarithm, groups: [.volume],
            formula: "L(packets)",
            reason: "floods"),
        FeatureDescription(
            feature: .bytes, name: "bytes", unit: "bytes", scale: .logarithm, groups: [.volume],
            formula: "L(bytes)",
            reason: "floods of large packets, exfiltration"),
        FeatureDescription(
            feature: .meanLength, name: "mean_length", unit: "bytes", scale: .length, groups: [],
            formula: "bytes / packets / 1500",
            reason: "floods and scans use one short length"),
        FeatureDescription(
            feature: .lengthDeviation, name: "length_deviation", unit: "bytes", scale: .length, groups: [],
            formula: "standard deviation of length / 1500",
            reason: "machines that repeat themselves vary little"),
        FeatureDescription(
            feature: .bytesPerFlow, name: "bytes_per_flow", unit: "bytes", scale: .logarithm, groups: [],
            formula: "L(bytes / flows)",
            reason: "probes are small"),
        FeatureDescription(
            feature: .smallShare, name: "small_share", unit: "share", scale: .plain, groups: [],
            formula: "packets of flows with mean length <= 90 bytes / packets",
            reason: "control packets without data"),
        FeatureDescription(
            feature: .largestFlow, name: "largest_flow", unit: "packets", scale: .logarithm,
            groups: [.volume],
            formula: "L(packets of the largest flow)",
            reason: "a flood in one flow"),
        FeatureDescription(
            feature: .fragmentShare, name: "fragment_share", unit: "share", scale: .plain,
            groups: [.protocolOddity],
            formula: "fragments / packets",
            reason: "fragment floods, amplification"),
        FeatureDescription(
            feature: .flows, name: "flows", unit: "flows", scale: .logarithm, groups: [.volume],
            formula: "L(flows)",
            reason: "floods over many ports"),
        FeatureDescription(
            feature: .peers, name: "peers", unit: "hosts", scale: .logarithm, groups: [.scan],
            formula: "L(distinct peers)",
            reason: "sweeps; many attackers of one victim"),
        FeatureDescription(
            feature: .destinationPorts, name: "destination_ports", unit: "ports", scale: .logarithm,
            groups: [.scan],
            formula: "L(distinct destination ports)",
            reason: "port scans"),
        FeatureDescription(
            feature: .sourcePorts, name: "source_ports", unit: "ports", scale: .logarithm,
            groups: [.connections],
            formula: "L(distinct source ports)",
            reason: "connection floods"),
        FeatureDescription(
            feature: .destinationPortEntropy, name: "destination_port_entropy", unit: "bits", scale: .plain,
            groups: [.scan],
            formula: "entropy of destination port over flows",
            reason: "port scans among other traffic"),
        FeatureDescription(
            feature: .sourcePortEntropy, name: "source_port_entropy", unit: "bits", scale: .plain,
            groups: [.connections],
            formula: "entropy of source port over flows",
            reason: "connection floods"),
        FeatureDescription(
            feature: .peerEntropy, name: "peer_entropy", unit: "bits", scale: .plain, groups: [.scan],
            formula: "entropy of peer over flows",
            reason: "sweeps among other traffic"),
        FeatureDescription(
            feature: .newFlows, name: "new_flows", unit: "flows", scale: .logarithm, groups: [.connections],
            formula: "L(new flows begun by the source)",
            reason: "connection floods, scans"),
        FeatureDescription(
            feature: .newShare, name: "new_share", unit: "share", scale: .plain, groups: [],
            formula: "new flows / flows",
            reason: "nothing but beginnings"),
        FeatureDescription(
            feature: .initiatedShare, name: "initiated_share", unit: "share", scale: .plain, groups: [],
            formula: "flows begun by the source / flows",
            reason: "tells clients from servers"),
        FeatureDescription(
            feature: .novelShare, name: "novel_share", unit: "share", scale: .plain, groups: [],
            formula: "source: new (source, destination, port, protocol) / flows; destination: new "
                + "peers / peers",
            reason: "scans; crowds of strangers"),
        FeatureDescription(
            feature: .unanswered, name: "unanswered", unit: "flows", scale: .logarithm, groups: [.failure],
            formula: "L(new flows without reverse flow)",
            reason: "scans of silent hosts, spoofed floods"),
        FeatureDescription(
            feature: .unansweredShare, name: "unanswered_share", unit: "share", scale: .plain, groups: [],
            formula: "flows without reverse flow / flows to single hosts",
            reason: "likewise"),
        FeatureDescription(
            feature: .unansweredPacketShare, name: "unanswered_packet_share", unit: "share", scale: .plain,
            groups: [],
            formula: "packets of flows without reverse flow / packets",
            reason: "one-way floods"),
        FeatureDescription(
            feature: .unansweredBytes, name: "unanswered_bytes", unit: "bytes", scale: .logarithm,
            groups: [.failure],
            formula: "L(bytes of flows without reverse flow)",
            reason: "one-way floods, reflection"),
        FeatureDescription(
            feature: .resetsReceived, name: "resets_received", unit: "packets", scale: .logarithm,
            groups: [.failure],
            formula: "L(RST packets that came back)",
            reason: "scans of closed ports"),
        FeatureDescription(
            feature: .outInRatio, name: "out_in_ratio", unit: "ratio", scale: .logarithmOfRatio, groups: [],
            formula: "L(bytes) - L(bytes back)",
            reason: "uploads, exfiltration"),
        FeatureDescription(
            feature: .synShare, name: "syn_share", unit: "share", scale: .plain, groups: [],
            formula: "SYN without ACK / TCP packets",
            reason: "SYN floods and scans"),
        FeatureDescription(
            feature: .synAckShare, name: "syn_ack_share", unit: "share", scale: .plain, groups: [],
            formula: "SYN with ACK / TCP packets",
            reason: "tells servers, SYN-ACK reflection"),
        FeatureDescription(
            feature: .closeShare, name: "close_share", unit: "share", scale: .plain, groups: [],
            formula: "(RST + FIN) / TCP packets",
            reason: "short connections"),
        FeatureDescription(
            feature: .noAckShare, name: "no_ack_share", unit: "share", scale: .plain,
            groups: [.failure, .protocolOddity],
            formula: "TCP packets without ACK, SYN and RST / TCP packets",
            reason: "FIN, NULL and XMAS scans"),
        FeatureDescription(
            feature: .tcpShare, name: "tcp_share", unit: "share", scale: .plain, groups: [],
            formula: "TCP packets / packets",
            reason: "the entity's mix of protocols"),
        FeatureDescription(
            feature: .udpShare, name: "udp_share", unit: "share", scale: .plain, groups: [],
            formula: "UDP packets / packets",
            reason: "likewise"),
        FeatureDescription(
            feature: .icmpShare, name: "icmp_share", unit: "share", scale: .plain, groups: [],
            formula: "ICMP packets / packets",
            reason: "likewise"),
        FeatureDescription(
            feature: .packets10, name: "packets_10", unit: "packets", scale: .logarithm, groups: [.volume],
            formula: "L(S(10 s) of packets)",
            reason: "floods that last"),
        FeatureDescription(
            feature: .packets60, name: "packets_60", unit: "packets", scale: .logarithm, groups: [.volume],
            formula: "L(S(60 s) of packets)",
            reason: "floods that last"),
        FeatureDescription(
            feature: .packets600, name: "packets_600", unit: "packets", scale: .logarithm, groups: [],
            formula: "L(S(600 s) of packets)",
            reason: "floods that last"),
        FeatureDescription(
            feature: .bytes10, name: "bytes_10", unit: "bytes", scale: .logarithm, groups: [.volume],
            formula: "L(S(10 s) of bytes)",
            reason: "transfers that last"),
        FeatureDescription(
            feature: .bytes60, name: "bytes_60", unit: "bytes", scale: .logarithm, groups: [],
            formula: "L(S(60 s) of bytes)",
            reason: "transfers that last"),
        FeatureDescription(
            feature: .bytes600, name: "bytes_600", unit: "bytes", scale: .logarithm, groups: [.exfiltration],
            formula: "L(S(600 s) of bytes)",
            reason: "transfers that last"),
        FeatureDescription(
            feature: .newFlows10, name: "new_flows_10", unit: "flows", scale: .logarithm,
            groups: [.connections],
            formula: "L(S(10 s) of new flows)",
            reason: "connection floods that last"),
        FeatureDescription(
            feature: .newFlows60, name: "new_flows_60", unit: "flows", scale: .logarithm,
            groups: [.connections],
            formula: "L(S(60 s) of new flows)",
            reason: "connection floods that last"),
        FeatureDescription(
            feature: .newFlows600, name: "new_flows_600", unit: "flows", scale: .logarithm, groups: [],
            formula: "L(S(600 s) of new flows)",
            reason: "connection floods that last"),
        FeatureDescription(
            feature: .unanswered10, name: "unanswered_10", unit: "flows", scale: .logarithm,
            groups: [.failure],
            formula: "L(S(10 s) of new flows without reverse flow after the window)",
            reason: "slow scans of silent hosts"),
        FeatureDescription(
            feature: .unanswered60, name: "unanswered_60", unit: "flows", scale: .logarithm,
            groups: [.failure],
            formula: "L(S(60 s) of new flows without reverse flow after the window)",
            reason: "slow scans of silent hosts"),
        FeatureDescription(
            feature: .unanswered600, name: "unanswered_600", unit: "flows", scale: .logarithm,
            groups: [.failure],
            formula: "L(S(600 s) of new flows without reverse flow after the window)",
            reason: "slow scans of silent hosts"),
        FeatureDescription(
            feature: .resets10, name: "resets_received_10", unit: "packets", scale: .logarithm,
            groups: [.failure],
            formula: "L(S(10 s) of RST packets that came back)",
            reason: "slow scans of closed ports"),
        FeatureDescription(
            feature: .resets60, name: "resets_received_60", unit: "packets", scale: .logarithm,
            groups: [.failure],
            formula: "L(S(60 s) of RST packets that came back)",
            reason: "slow scans of closed ports"),
        FeatureDescription(
            feature: .resets600, name: "resets_received_600", unit: "packets", scale: .logarithm, groups: [],
            formula: "L(S(600 s) of RST packets that came back)",
            reason: "slow scans of closed ports"),
        FeatureDescription(
            feature: .novel10, name: "novel_10", unit: "services or peers", scale: .logarithm,
            groups: [.scan],
            formula: "L(S(10 s) of source: new services; destination: new peers)",
            reason: "slow scans and sweeps"),
        FeatureDescription(
            feature: .novel60, name: "novel_60", unit: "services or peers", scale: .logarithm,
            groups: [.scan],
            formula: "L(S(60 s) of source: new services; destination: new peers)",
            reason: "slow scans and sweeps"),
        FeatureDescription(
            feature: .novel600, name: "novel_600", unit: "services or peers", scale: .logarithm,
            groups: [.scan],
            formula: "L(S(600 s) of source: new services; destination: new peers)",
            reason: "slow scans and sweeps"),
        FeatureDescription(
            feature: .outIn60, name: "out_in_60", unit: "ratio", scale: .logarithmOfRatio,
            groups: [.exfiltration],
            formula: "L(S(60 s) of bytes) - L(S(60 s) of bytes back)",
            reason: "exfiltration"),
        FeatureDescription(
            feature: .outIn600, name: "out_in_600", unit: "ratio", scale: .logarithmOfRatio,
            groups: [.exfiltration],
            formula: "L(S(600 s) of bytes) - L(S(600 s) of bytes back)",
            reason: "exfiltration"),
        FeatureDescription(
            feature: .surgePackets, name: "surge_packets", unit: "times", scale: .logarithmOfRatio,
            groups: [.volume],
            formula: "L(packets) - L(own mean a second over 600 s)",
            reason: "much more than this entity's own usual"),
        FeatureDescription(
            feature: .surgeNewFlows, name: "surge_new_flows", unit: "times", scale: .logarithmOfRatio,
            groups: [.connections, .scan],
            formula: "L(new flows) - L(own mean a second over 600 s)",
            reason: "likewise"),
        FeatureDescription(
            feature: .repeat60, name: "repeat_60", unit: "flows", scale: .logarithm, groups: [],
            formula: "L(largest S(60 s) of new flows to one service)",
            reason: "requests to one service"),
        FeatureDescription(
            feature: .repeat600, name: "repeat_600", unit: "flows", scale: .logarithm, groups: [],
            formula: "L(largest S(600 s) of new flows to one service)",
            reason: "requests to one service"),
        FeatureDescription(
            feature: .tcpRepeat60, name: "tcp_repeat_60", unit: "flows", scale: .logarithm,
            groups: [.repetition],
            formula: "L(largest S(60 s) of new flows to one TCP service)",
            reason: "connections to one TCP service"),
        FeatureDescription(
            feature: .tcpRepeat600, name: "tcp_repeat_600", unit: "flows", scale: .logarithm,
            groups: [.repetition],
            formula: "L(largest S(600 s) of new flows to one TCP service)",
            reason: "connections to one TCP service"),
        FeatureDescription(
            feature: .loginRepeat60, name: "login_repeat_60", unit: "connections", scale: .logarithm,
            groups: [.repetition],
            formula: "L(max(0, largest S(60 s) of new connections to one login service - 5))",
            reason: "password guessing; five a minute are people"),
        FeatureDescription(
            feature: .loginRepeat600, name: "login_repeat_600", unit: "connections", scale: .logarithm,
            groups: [.repetition],
            formula: "L(max(0, largest S(600 s) of new connections to one login service - 15))",
            reason: "slow password guessing"),
        FeatureDescription(
            feature: .regularity, name: "regularity", unit: "", scale: .plain, groups: [.repetition],
            formula: "L(min(n, 60)) * max(0, 1 - CV of the gaps between starts), n >= 5 gaps",
            reason: "beacons"),
        FeatureDescription(
            feature: .dnsBytes60, name: "dns_bytes_60", unit: "bytes", scale: .logarithm,
            groups: [.exfiltration],
            formula: "L(S(60 s) of bytes to and from port 53)",
            reason: "DNS tunnels"),
        FeatureDescription(
            feature: .dnsBytes600, name: "dns_bytes_600", unit: "bytes", scale: .logarithm,
            groups: [.exfiltration],
            formula: "L(S(600 s) of bytes to and from port 53)",
            reason: "DNS tunnels"),
        FeatureDescription(
            feature: .dnsMeanLength, name: "dns_mean_length", unit: "bytes", scale: .length, groups: [],
            formula: "mean length of packets to and from port 53 / 1500",
            reason: "DNS tunnels carry long names"),
        FeatureDescription(
            feature: .icmpMeanLength, name: "icmp_mean_length", unit: "bytes", scale: .length, groups: [],
            formula: "mean length of ICMP packets / 1500",
            reason: "ICMP tunnels carry data"),
        FeatureDescription(
            feature: .dnsExcess60, name: "dns_excess_60", unit: "bytes", scale: .logarithm,
            groups: [.exfiltration],
            formula: "L(max(0, S(60 s) of DNS bytes beyond 95 a packet - 1000)); answers (and in the "
                + "destination view all): beyond 300 a packet",
            reason: "queries longer than names are"),
        FeatureDescription(
            feature: .icmpExcess60, name: "icmp_excess_60", unit: "bytes", scale: .logarithm,
            groups: [.exfiltration],
            formula: "L(max(0, S(60 s) of ICMP bytes beyond 100 a packet - 2000))",
            reason: "echo requests that carry data"),
        FeatureDescription(
            feature: .closes60, name: "closes_60", unit: "packets", scale: .logarithm, groups: [.connections],
            formula: "L(S(60 s) of FIN and RST packets)",
            reason: "many short connections"),
    ]
}
