package import Traffic

/// What a frame is to be counted as, by a plain reading of its bytes.
///
/// The rules are those of the data plane (docs/dataplane.md), written down a second time from the rules, not from the code,
/// and as slow and simple as they can be.
package enum Expected: Hashable, Sendable {
    case flow(FlowKey)
    case malformed(Malformation)
    case other

    package init(_ frame: [UInt8]) {
        guard frame.count >= 14 else {
            self = .other
            return
        }
        var type = frame.number(at: 12)
        var rest = frame.dropFirst(14)
        for _ in 0..<2 where [0x8100, 0x88A8, 0x9100].contains(type) {
            guard rest.count >= 4 else {
                self = .other
                return
            }
            type = Array(rest).number(at: 2)
            rest = rest.dropFirst(4)
        }
        switch type {
        case 0x0800: self = Self.ipv4(Array(rest))
        case 0x86DD: self = Self.ipv6(Array(rest))
        default: self = .other
        }
    }

    /// By whom a frame is for the rules, which look further than flows: behind any number of tags, and whatever becomes of
    /// IPv6 extension headers; `nil` if that cannot be read.
    package static func source(of frame: [UInt8]) -> Address? {
        guard frame.count >= 14 else { return nil }
        var rest = frame.dropFirst(12)
        while rest.count >= 4, [0x8100, 0x88A8, 0x9100].contains(Array(rest).number(at: 0)) {
            rest = rest.dropFirst(4)
        }
        guard rest.count >= 2 else { return nil }
        let (type, packet) = (Array(rest).number(at: 0), Array(rest.dropFirst(2)))
        switch type {
        case 0x0800: if case .flow(let key) = ipv4(packet) { return key.source }
        case 0x86DD:
            guard packet.count >= 40, packet[0] / 16 == 6 else { return nil }
            return Address(ipv6High: packet.half(at: 8), low: packet.half(at: 16))
        default: break
        }
        return nil
    }

    private static func ipv4(_ packet: [UInt8]) -> Expected {
        guard packet.count >= 20 else { return .malformed(.short) }
        guard packet[0] / 16 == 4 else { return .malformed(.version) }
        let header = Int(packet[0] % 16) * 4
        guard header >= 20, header <= packet.count else { return .malformed(.headerLength) }
        let address = { (offset: Int) in
            Address(ipv4: UInt32(packet.number(at: offset)) << 16 | UInt32(packet.number(at: offset + 2)))
        }
        let isLater = packet.number(at: 6) % 0x2000 != 0
        return .flow(
            key(address(12), address(16), packet[9], isLater ? [] : Array(packet.dropFirst(header))))
    }

    private static func ipv6(_ packet: [UInt8]) -> Expected {
        guard packet.count >= 40 else { return .malformed(.short) }
        guard packet[0] / 16 == 6 else { return .malformed(.version) }
        let source = Address(ipv6High: packet.half(at: 8), low: packet.half(at: 16))
        let destination = Address(ipv6High: packet.half(at: 24), low: packet.half(at: 32))
        var next = packet[6]
        var rest = Array(packet.dropFirst(40))
        var seen = 0
        while [0, 43, 44, 51, 60].contains(next) {
            // Further ones are not looked into: a flow of the next one's number, without ports.
            guard seen < 8 else { return .flow(key(source, destination, next, [])) }
            guard rest.count >= 8 else { return .malformed(.extension) }
            seen += 1
            if next == 44, rest.number(at: 2) / 8 != 0 { return .flow(key(source, destination, rest[0], [])) }
            let length: Int =
                switch next {
                case 44: 8
                case 51: (Int(rest[1]) + 2) * 4
                default: (Int(rest[1]) + 1) * 8
                }
            guard rest.count >= length else { return .malformed(.extension) }
            next = rest[0]
            rest.removeFirst(length)
        }
        return .flow(key(source, destination, next, rest))
    }

    private static func key(_ source: Address, _ destination: Address, _ number: UInt8, _ rest: [UInt8])
        -> FlowKey
    {
        var ports: (UInt16, UInt16) = (0, 0)
        switch number {
        case 6, 17, 33, 132, 136: if rest.count >= 4 { ports = (rest.number(at: 0), rest.number(at: 2)) }
        case 1, 58: if rest.count >= 2 { ports = (0, rest.number(at: 0)) }
        default: break
        }
        return FlowKey(
            source: source, destination: destination, protocol: IPProtocol(rawValue: number),
            sourcePort: ports.0,
            destinationPort: ports.1)
    }
}

extension [UInt8] {
    fileprivate func number(at offset: Int) -> UInt16 { UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) }

    /// Half of an IPv6 address.
    fileprivate func half(at offset: Int) -> UInt64 {
        self[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
