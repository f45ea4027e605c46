import Traffic

/// Services whose answers, sent to a forged address, are floods.
///
/// After C. Rossow, "Amplification Hell" (NDSS 2014) and the alert TA14-017A of CISA.
enum Amplifiers {
    private static func amplifies(_ port: UInt16) -> Bool {
        // qotd, chargen, dns, tftp, portmap, ntp, netbios, snmp, cldap, isakmp, rip, ipmi, db2, l2tp, vpn of pan-os, ssdp,
        // arms, ws-discovery, coap, mdns, steam, wsd of cameras, memcached.
        switch port {
        case 17, 19, 53, 69, 111, 123, 137, 161, 389, 500, 520, 623, 523, 1701, 1900, 3283, 3702, 5353, 5683,
            10001,
            11211, 27015, 37810:
            true
        default: false
        }
    }

    /// Services whose own clients and servers use the port for both ends: their requests are no answers, if they are short.
    private static func isSymmetric(_ port: UInt16) -> Bool { port == 53 || port == 123 }
    private static let longestRequest: UInt64 = 150

    /// Packets of an entry, of which nobody was seen to ask for anything, that look like answers.
    @inline(__always)
    static func reflected(in entry: Entry) -> UInt64 {
        if entry.protocol == .udp, amplifies(entry.sourcePort) {
            let isRequest =
                entry.sourcePort == entry.destinationPort && isSymmetric(entry.sourcePort)
                && entry.bytes <= entry.packets &* longestRequest
            return isRequest ? 0 : entry.packets
        }
        // A server that is reflected from asks again and again, and never gets further.
        if entry.protocol == .tcp, entry.synAck > 0,
            entry.packets <= UInt64(entry.synAck) + UInt64(entry.rst)
        {
            return UInt64(entry.synAck)
        }
        return 0
    }
}
