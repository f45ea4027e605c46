import CLibpcap

/// How the frames of an interface begin, and where the packet in them stands.
///
/// Numbers and layouts: tcpdump.org/linktypes.html.
package enum LinkType {
    case ethernet
    /// The packet begins with its IP header.
    case raw
    /// Four bytes that name the protocol family, in the order of the host that captured, or of the network.
    case null
    /// PPP, with or without address and control (RFC 1661, 1662).
    case ppp
    /// The same behind a byte with the direction.
    case pppWithDirection
    /// PPPoE without the Ethernet header (RFC 2516).
    case pppoe
    /// Cisco's framing: address, control, Ethernet type.
    case ciscoHDLC
    /// `tcpdump -i any`, first and second version.
    case linuxCooked, linuxCooked2

    /// `nil` for what cannot be replayed.
    ///
    /// A file's number, or libpcap's own where it has another one for the same.
    init?(_ number: UInt32) {
        switch number {
        case 1: self = .ethernet
        case 12, 14, 101, 228, 229: self = .raw
        case 0, 108: self = .null
        case 9, 50: self = .ppp
        case 204: self = .pppWithDirection
        case 51: self = .pppoe
        case 104: self = .ciscoHDLC
        case 113: self = .linuxCooked
        case 276: self = .linuxCooked2
        default: return nil
        }
    }

    /// All of them, in words.
    package static let known =
        "Ethernet, raw IP, NULL and LOOP, PPP, PPPoE, Cisco HDLC, and Linux cooked (SLL, SLL2)"

    /// As tcpdump calls it.
    static func name(of number: UInt32) -> String {
        guard let name = unsafe pcap_datalink_val_to_name(CInt(bitPattern: number)) else {
            return "\(number)"
        }
        return unsafe String(cString: name)
    }

    private enum EtherType {
        static let none: UInt16 = 0
        static let ipv4: UInt16 = 0x0800
        static let ipv6: UInt16 = 0x86DD
        static let mpls: UInt16 = 0x8847
    }

    /// The Ethernet type of what is in `frame`, and where it begins; type 0, which no frame has, for what is not IP, or cut
    /// off before that is known.
    func packet(in frame: UnsafeRawBufferPointer) -> (type: UInt16, start: Int) {
        let none = (EtherType.none, frame.count)
        func byte(_ offset: Int) -> UInt8? { offset < frame.count ? unsafe frame[offset] : nil }
        func short(_ offset: Int) -> UInt16? {
            guard let high = byte(offset), let low = byte(offset + 1) else { return nil }
            return UInt16(high) << 8 | UInt16(low)
        }
        func type(at offset: Int, behind start: Int) -> (UInt16, Int) {
            guard let type = short(offset), start <= frame.count else { return none }
            return (type, start)
        }
        /// PPP's protocol, of which the first byte may be left out.
        func ppp(at offset: Int) -> (UInt16, Int) {
            guard let first = byte(offset) else { return none }
            if first == 0xFF, byte(offset + 1) == 0x03 { return ppp(at: offset + 2) }
            let isShort = first & 1 == 1
            guard let number = isShort ? UInt16(first) : short(offset) else { return none }
            let types: [UInt16: UInt16] = [
                0x21: EtherType.ipv4, 0x57: EtherType.ipv6, 0x281: EtherType.mpls,
            ]
            return types[number].map { ($0, offset + (isShort ? 1 : 2)) } ?? none
        }
        switch self {
        case .ethernet: return type(at: 12, behind: 14)
        case .raw:
            guard let first = byte(0) else { return none }
            // What is neither is malformed IP, as it is on such an interface.
            return (first >> 4 == 6 ? EtherType.ipv6 : EtherType.ipv4, 0)
        case .null:
            guard let high = short(0), let low = short(2) else { return none }
            // Families are small numbers, whatever the order.
            switch high == 0 ? low : high.byteSwapped {
            case 2: return (EtherType.ipv4, 4)
            // Linux, NetBSD and OpenBSD, FreeBSD, macOS.
            case 10, 24, 28, 30: return (EtherType.ipv6, 4)
            default: return none
            }
        case .ppp:
            // Cisco's framing stands in such files, too.
            if let first = byte(0), first == 0x0F || first == 0x8F, byte(1) == 0 {
                return type(at: 2, behind: 4)
            }
            return ppp(at: 0)
        case .pppWithDirection: return ppp(at: 1)
        case .pppoe: return byte(1) == 0 ? ppp(at: 6) : none
        case .ciscoHDLC: return type(at: 2, behind: 4)
        case .linuxCooked: return type(at: 14, behind: 16)
        case .linuxCooked2: return type(at: 0, behind: 20)
        }
    }
}
