import TestSupport
import Traffic

/// Readings of all kinds of traffic that windows tell apart, IPv4 and IPv6 alike; the same for the same seed.
struct MixedTraffic {
    private var random: SeededGenerator
    private var now: Int64 = 1_700_000_000_000_000_000
    private var start: Int64 = 0
    private var samples: [FlowSample] = []
    private var lasting: [(key: FlowKey, length: UInt64, ends: Int64)] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// The next reading; one in forty comes after a pause, or from a clock that was set back.
    mutating func next() -> Reading {
        if chance(40) { now += chance(4) ? -5_000_000_000 : Int64(number(90)) * 1_000_000_000 }
        start = now
        now += chance(10) ? 1_000_000_000 : 200_000_000
        samples = []
        for _ in 0..<4 + number(12) { act() }
        goOn()
        var reading = Reading(
            start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: now), samples: samples)
        if chance(3) { setAside(&reading) }
        return reading
    }

    private mutating func act() {
        switch number(14) {
        case 0: browse()
        case 1: resolve()
        case 2: ping()
        case 3: scan(hosts: 1 + number(3), ports: 1 + number(200))
        case 4: scan(hosts: 1 + number(200), ports: 1)
        case 5: flood(forged: true)
        case 6: flood(forged: false)
        case 7: reflect()
        case 8: logIn()
        case 9: last()
        case 10: tunnel()
        case 11: notify()
        case 12: repeat60()
        default: shout()
        }
    }

    // MARK: Acts

    private mutating func browse() {
        let (client, server) = (host(), host())
        for _ in 0..<1 + number(6) {
            let key = FlowKey(
                source: client, destination: server, protocol: .tcp, sourcePort: ephemeral(),
                destinationPort: chance(2) ? 443 : 80)
            let packets = UInt64(4 + number(40))
            add(key, packets: packets, length: UInt64(60 + number(400))) {
                $0.syn = 1
                $0.ack = packets - 1
                $0.fin = 1
            }
            guard !chance(5) else { continue }
            let closes: UInt64 = chance(3) ? 0 : 1
            add(key.reversed, packets: packets, length: UInt64(60 + number(1_400))) {
                $0.synAck = 1
                $0.ack = packets
                $0.fin = closes
            }
        }
    }

    private mutating func resolve() {
        let (client, resolver) = (host(), host())
        for _ in 0..<1 + number(8) {
            let key = FlowKey(
                source: client, destination: resolver, protocol: .udp, sourcePort: ephemeral(),
                destinationPort: 53)
            add(key, packets: 1, length: UInt64(70 + number(120)))
            if !chance(4) { add(key.reversed, packets: 1, length: UInt64(100 + number(1_200))) }
        }
    }

    private mutating func ping() {
        let (client, server) = (host(), host())
        let isIPv4 = client.isIPv4
        let number: IPProtocol = isIPv4 ? .icmp : .icmpv6
        let packets = UInt64(1 + self.number(300))
        add(icmp(client, server, type: isIPv4 ? 8 : 128, number), packets: packets, length: 98)
        if !chance(3) {
            add(icmp(server, client, type: isIPv4 ? 0 : 129, number), packets: packets, length: 98)
        }
    }

    private mutating func scan(hosts: Int, ports: Int) {
        let scanner = host()
        let flags = number(4)
        for _ in 0..<hosts {
            let target = host()
            for _ in 0..<ports {
                let key = FlowKey(
                    source: scanner, destination: target, protocol: chance(6) ? .udp : .tcp,
                    sourcePort: ephemeral(), destinationPort: UInt16(1 + number(1_024)))
                add(key, packets: UInt64(1 + number(2)), length: 60) {
                    if key.protocol != .tcp { return }
                    if flags == 0 { $0.fin = 1 } else { $0.syn = 1 }
                }
                if key.protocol == .tcp, chance(2) {
                    add(key.reversed, packets: 1, length: 60) { ($0.rst, $0.ack) = (1, 1) }
                }
            }
        }
    }

    private mutating func flood(forged: Bool) {
        let (target, source) = (host(), host())
        let isSYN = chance(2)
        for _ in 0..<(chance(12) ? 6_000 : number(400)) {
            let key = FlowKey(
                source: forged ? stranger() : source, destination: target, protocol: isSYN ? .tcp : .udp,
                sourcePort: ephemeral(), destinationPort: isSYN ? 80 : UInt16(number(65_536)))
            add(key, packets: UInt64(1 + number(3)), length: isSYN ? 60 : 1_000) { $0.syn = isSYN ? 1 : 0 }
            if isSYN, chance(3) { add(key.reversed, packets: 1, length: 60) { ($0.synAck, $0.ack) = (1, 1) } }
        }
    }

    private mutating func reflect() {
        let victim = host()
        let port = [UInt16(53), 123, 1_900, 11_211, 80][number(5)]
        for _ in 0..<number(120) {
            let key = FlowKey(
                source: stranger(), destination: victim, protocol: port == 80 ? .tcp : .udp, sourcePort: port,
                destinationPort: ephemeral())
            add(key, packets: UInt64(1 + number(9)), length: 1_200) {
                if port == 80 { ($0.synAck, $0.ack) = ($0.packets, $0.packets) }
                $0.fragments = port == 53 ? $0.packets : 0
            }
        }
    }

    private mutating func logIn() {
        let (client, server) = (host(), host())
        let port = [UInt16(22), 3_389, 25, 6_379][number(4)]
        for _ in 0..<1 + number(20) {
            let key = FlowKey(
                source: client, destination: server, protocol: .tcp, sourcePort: ephemeral(),
                destinationPort: port)
            let length = UInt64(150 + number(8))
            add(key, packets: 8, length: length) { ($0.syn, $0.ack, $0.fin) = (1, 7, 1) }
            add(key.reversed, packets: 8, length: 200) { ($0.synAck, $0.ack, $0.fin) = (1, 8, 1) }
        }
    }

    /// A connection that goes on for some seconds.
    private mutating func last() {
        let key = FlowKey(
            source: host(), destination: host(), protocol: chance(3) ? .udp : .tcp, sourcePort: ephemeral(),
            destinationPort: UInt16(1 + number(10_000)))
        lasting.append((key, UInt64(60 + number(1_400)), now + Int64(number(20)) * 1_000_000_000))
    }

    private mutating func goOn() {
        for flow in lasting {
            let packets = UInt64(number(20))
            add(flow.key, packets: packets, length: flow.length) {
                $0.ack = flow.key.protocol == .tcp ? packets : 0
            }
            if chance(3) { continue }
            add(flow.key.reversed, packets: packets, length: 90) {
                $0.ack = flow.key.protocol == .tcp ? packets : 0
            }
        }
        lasting.removeAll { $0.ends < now }
    }

    private mutating func tunnel() {
        let key = FlowKey(
            source: host(), destination: host(), protocol: .udp, sourcePort: ephemeral(), destinationPort: 53)
        add(key, packets: UInt64(5 + number(60)), length: 240)
        add(key.reversed, packets: UInt64(5 + number(60)), length: 400)
    }

    /// Errors, neighbours and later fragments.
    private mutating func notify() {
        let (source, destination) = (host(), host())
        if source.isIPv4 {
            add(icmp(source, destination, type: 3, .icmp), packets: 2, length: 70)
        } else {
            add(icmp(source, destination, type: 135, .icmpv6), packets: 2, length: 86)
        }
        let fragments = FlowKey(
            source: source, destination: destination, protocol: .udp, sourcePort: 0, destinationPort: 0)
        add(fragments, packets: 3, length: 1_514) { $0.fragments = 3 }
    }

    /// Calls to the same service again and again, of one length.
    private mutating func repeat60() {
        let source = Address(ipv4: 0x0A00_0001 + UInt32(number(4)))
        let key = FlowKey(
            source: source, destination: Address(ipv4: 0x0808_0808), protocol: .tcp, sourcePort: ephemeral(),
            destinationPort: 443)
        add(key, packets: 7, length: 200) { ($0.syn, $0.ack, $0.fin) = (1, 6, 1) }
        add(key.reversed, packets: 7, length: 300) { ($0.synAck, $0.ack, $0.rst) = (1, 7, 1) }
    }

    /// To groups and from nobody, of an unknown protocol, without packets, with absurd counts.
    private mutating func shout() {
        let everybody = Address(ipv4: 0xFFFF_FFFF)
        add(
            FlowKey(
                source: Address(ipv4: 0), destination: everybody, protocol: .udp, sourcePort: 68,
                destinationPort: 67), packets: 2, length: 342)
        add(
            FlowKey(
                source: host(), destination: Address(ipv6High: 0xFF02 << 48, low: 0xFB), protocol: .udp,
                sourcePort: 5_353, destinationPort: 5_353), packets: 2, length: 200)
        add(
            FlowKey(
                source: host(), destination: host(), protocol: IPProtocol(rawValue: 47), sourcePort: 0,
                destinationPort: 0), packets: 9, length: 800)
        add(
            FlowKey(source: host(), destination: host(), protocol: .tcp, sourcePort: 1, destinationPort: 2),
            packets: 0, length: 0)
        if chance(20) {
            add(
                FlowKey(
                    source: host(), destination: host(), protocol: .tcp, sourcePort: 3, destinationPort: 4),
                packets: 1, length: 1
            ) {
                ($0.packets, $0.bytes, $0.squaredBytes, $0.ack) = (1 << 40, 1 << 60, .max, 1 << 62)
            }
        }
    }

    private mutating func setAside(_ reading: inout Reading) {
        let width = 64
        let cells = (0..<AsideSketch.rows * width).map { _ in UInt32(number(3_000)) }
        reading.totals.aside = Count(packets: 20_000, bytes: 9_000_000)
        reading.aside = AsideSketch(cells: cells, width: width, seed: 9)
    }

    // MARK: Parts

    private mutating func add(
        _ key: FlowKey, packets: UInt64, length: UInt64, _ flags: (inout FlowSample) -> Void = { _ in }
    ) {
        let first = start + Int64(number(Int(now - start)))
        var sample = FlowSample(
            key: key, first: Timestamp(nanoseconds: first), last: Timestamp(nanoseconds: now - 1))
        sample.packets = packets
        sample.bytes = packets * length
        sample.squaredBytes = packets * length * length
        sample.minimumLength = UInt16(length)
        sample.maximumLength = UInt16(length)
        flags(&sample)
        samples.append(sample)
    }

    private func icmp(_ source: Address, _ destination: Address, type: UInt16, _ number: IPProtocol)
        -> FlowKey
    {
        FlowKey(
            source: source, destination: destination, protocol: number, sourcePort: 0,
            destinationPort: type << 8)
    }

    /// One of some hundred: ours, others, IPv6 with many addresses in a /64, link-local.
    private mutating func host() -> Address {
        let number = UInt64(number(60))
        return switch self.number(6) {
        case 0, 1: Address(ipv4: 0x0A00_0000 + UInt32(number))
        case 2: Address(ipv4: 0xCB00_7100 + UInt32(number))
        case 3: Address(ipv6High: 0x2001_0DB8_0001_0000, low: number + 1)
        case 4: Address(ipv6High: 0x2001_0DB8_0002_0000 + number / 8, low: number)
        default: Address(ipv6High: 0xFE80 << 48, low: number + 1)
        }
    }

    private mutating func stranger() -> Address {
        let bits = random.next()
        return chance(2)
            ? Address(ipv4: UInt32(truncatingIfNeeded: bits >> 2) | 1 << 24)
            : Address(ipv6High: 0x2400 << 48 | bits >> 20, low: 1)
    }

    private mutating func ephemeral() -> UInt16 { UInt16(32_768 + number(2_000)) }
    private mutating func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    private mutating func chance(_ one: Int) -> Bool { number(one) == 0 }
}
