import Traffic

/// Services whose answers, sent to a forged address, are floods.
///
/// After C. Rossow, "Amplification Hell" (NDSS 2014) and the alert TA14-017A of CISA.
enum Amplifiers {
    /// qotd, chargen, dns, tftp, portmap, ntp, netbios, snmp, cldap, isakmp, rip, ipmi, db2, l2tp, vpn of pan-os, ssdp,
    /// arms, ws-discovery, coap, mdns, steam, wsd of cameras, memcached.
    private static let ports: Set<UInt16> = [
        17, 19, 53, 69, 111, 123, 137, 161, 389, 500, 520, 623, 523, 1701, 1900, 3283, 3702, 5353, 5683,
        10001,
        11211, 27015, 37810,
    ]
    /// Services whose own clients and servers use the port for both ends: their requests are no answers, if they are short.
    private static let symmetric: Set<UInt16> = [53, 123]
    private static let longestRequest: UInt64 = 150

    /// Packets of a sample, of which nobody was seen to ask for anything, that look like answers.
    static func reflected(in sample: FlowSample) -> UInt64 {
        switch sample.key.protocol {
        case .udp where ports.contains(sample.key.sourcePort):
            let isRequest =
                sample.key.sourcePort == sample.key.destinationPort
                && symmetric.contains(sample.key.sourcePort)
                && sample.bytes <= sample.packets &* longestRequest
            return isRequest ? 0 : sample.packets
        case .tcp where sample.synAck > 0 && sample.packets <= sample.synAck &+ sample.rst:
            // A server that is reflected from asks again and again, and never gets further.
            return sample.synAck
        default: return 0
        }
    }
}
