/// Plain sums over the entries of one entity's window.
struct WindowTally {
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    var squaredBytes: Float = 0
    var syn: UInt64 = 0
    var synAck: UInt64 = 0
    var closes: UInt64 = 0
    var noAck: UInt64 = 0
    var tcp: UInt64 = 0
    var udp: UInt64 = 0
    var icmp: UInt64 = 0
    var icmpBytes: UInt64 = 0
    var dns: UInt64 = 0
    var dnsBytes: UInt64 = 0
    var small: UInt64 = 0
    var fragments: UInt64 = 0
    /// Flows, and those among them that go to a single host.
    var flows: Float = 0
    var flowsToHosts: Float = 0
    var initiated: Float = 0
    var new: Float = 0
    var novelServices: Float = 0
    var novelPeers: Float = 0
    /// New flows without an answer, and all flows without.
    var unanswered: Float = 0
    var unansweredFlows: Float = 0
    var unansweredPackets: UInt64 = 0
    var unansweredBytes: UInt64 = 0
    var largestFlow: UInt64 = 0
    var repeat60: Float = 0
    var repeat600: Float = 0
    var tcpRepeat60: Float = 0
    var tcpRepeat600: Float = 0
    var login60: Float = 0
    var login600: Float = 0
    var regularity: Float = 0
    /// What came back.
    var returnedBytes: UInt64 = 0
    var returnedResets: UInt64 = 0

    /// Multiplies what was counted from every `step`th entry; packets and bytes are known of all.
    mutating func scale(by step: Int, packets allPackets: UInt64, bytes allBytes: UInt64) {
        packets = allPackets
        bytes = allBytes
        guard step > 1 else { return }
        let factor = UInt64(step)
        for count in [
            \WindowTally.syn, \.synAck, \.closes, \.noAck, \.tcp, \.udp, \.icmp, \.icmpBytes, \.dns,
            \.dnsBytes, \.small,
            \.fragments, \.unansweredPackets, \.unansweredBytes,
        ] { self[keyPath: count] &*= factor }
        for count in [
            \WindowTally.squaredBytes, \.flows, \.flowsToHosts, \.initiated, \.new, \.novelServices,
            \.novelPeers,
            \.unanswered, \.unansweredFlows,
        ] { self[keyPath: count] *= Float(step) }
    }
}
