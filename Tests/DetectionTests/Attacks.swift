import Features
import Testing
import Traffic

/// An attack as its tool makes it, and what is expected of the detector.
struct Attack: Sendable, CustomTestStringConvertible {
    var name: String
    var script: Script
    /// Span of the script in seconds.
    var length: Double
    var attacker: Entity
    /// Seconds from the first packet within which there must be a verdict.
    var within: Double
    var victims: [Address]

    var testDescription: String { name }

    static let attacker = Script.host("203.0.113.66")
    static let victim = Script.host("10.0.0.80")

    private init(
        _ name: String, length: Double, within: Double, entity: Entity.View = .source,
        victims: [Address] = [victim],
        write: (inout Script) -> Void
    ) {
        self.name = name
        self.length = length
        self.within = within
        self.victims = victims
        attacker = Entity(view: entity, prefix: Prefix(entity == .source ? Self.attacker : Self.victim))
        script = Script()
        write(&script)
    }

    /// Those that have to end in a block.
    static let blocked: [Attack] =
        [50_000, 5_000, 2_500].flatMap { [udpFlood(rate: $0), synFlood(rate: $0)] }
        + [spoofedFlood, fastScan, sweep, slowScan, guessing, slowRequests, pingFlood]

    static func udpFlood(rate: Int) -> Attack {
        Attack("UDP flood of \(rate) packets a second", length: 0.8, within: 0.4) { script in
            for number in 0..<rate * 8 / 10 {
                script.packet(
                    at: Double(number) / Double(rate), attacker, UInt16(1_024 + number % 60_000), victim, 9,
                    .udp,
                    length: 60)
            }
        }
    }

    static func synFlood(rate: Int) -> Attack {
        Attack("SYN flood of \(rate) packets a second", length: 0.8, within: 0.4) { script in
            for number in 0..<rate * 8 / 10 {
                let time = Double(number) / Double(rate)
                let port = UInt16(1_024 + number % 60_000)
                script.packet(at: time, attacker, port, victim, 80, .tcp, length: 60, flags: .syn)
                // What the victim answers must not be held against it.
                guard number.isMultiple(of: 4) else { continue }
                script.packet(
                    at: time + 0.001, victim, 80, attacker, port, .tcp, length: 60, flags: [.syn, .ack])
            }
        }
    }

    static let pingFlood = Attack("ping -f", length: 1, within: 0.4) { script in
        for number in 0..<5_000 {
            let time = Double(number) / 5_000
            script.packet(at: time, attacker, 0, victim, 8 * 256, .icmp, length: 98)
            script.packet(at: time + 0.0002, victim, 0, attacker, 0, .icmp, length: 98)
        }
    }

    static let spoofedFlood = Attack(
        "SYN flood from random sources", length: 0.8, within: 0.4, entity: .destination
    ) {
        script in
        for number in 0..<40_000 {
            let source = Address(ipv4: UInt32(truncatingIfNeeded: number &* 2_654_435_761) | 1)
            let port = UInt16(1_024 + number % 50_000)
            script.packet(
                at: Double(number) / 50_000, source, port, victim, 80, .tcp, length: 60, flags: .syn)
            guard number.isMultiple(of: 5) else { continue }
            script.packet(
                at: Double(number) / 50_000 + 0.0001, victim, 80, source, port, .tcp, length: 60,
                flags: [.syn, .ack])
        }
    }

    static let fastScan = Attack("nmap -sS -T4 of 1,000 ports", length: 1.6, within: 0.6) { script in
        for port in 1...1_000 { probe(&script, at: Double(port) / 1_000, victim, UInt16(port)) }
    }

    static let sweep = Attack(
        "nmap -T4 of 100 ports on 32 hosts", length: 3, within: 1,
        victims: (0..<32).map { Address(ipv4: 0x0A00_0001 + $0) }
    ) { script in
        for number in 0..<3_200 {
            probe(
                &script, at: Double(number) / 1_600, Address(ipv4: 0x0A00_0001 + UInt32(number % 32)),
                UInt16(number / 32 + 1))
        }
    }

    static let slowScan = Attack("nmap -T2 of 100 ports", length: 42, within: 41) { script in
        for port in 1...100 { probe(&script, at: Double(port) * 0.4, victim, UInt16(port)) }
    }

    private static func probe(_ script: inout Script, at time: Double, _ host: Address, _ port: UInt16) {
        let isOpen = port == 80 || port == 22
        script.packet(at: time, attacker, 40_000, host, port, .tcp, length: 60, flags: .syn)
        script.packet(
            at: time + 0.0005, host, port, attacker, 40_000, .tcp, length: 60,
            flags: isOpen ? [.syn, .ack] : [.rst, .ack])
        if isOpen {
            script.packet(at: time + 0.001, attacker, 40_000, host, port, .tcp, length: 60, flags: .rst)
        }
    }

    static let guessing = Attack("hydra on SSH with four tasks", length: 12, within: 10) { script in
        for number in 0..<36 {
            script.connection(
                at: Double(number) * 0.33, attacker, UInt16(40_000 + number), victim, 22, request: 1_200,
                answers: 8)
        }
    }

    static let slowRequests = Attack("slowloris with 400 connections", length: 12, within: 11) { script in
        for number in 0..<400 {
            let start = Double(number) / 200
            let port = UInt16(20_000 + number)
            script.packet(at: start, attacker, port, victim, 80, .tcp, length: 74, flags: .syn)
            script.packet(
                at: start + 0.001, victim, 80, attacker, port, .tcp, length: 74, flags: [.syn, .ack])
            script.packet(at: start + 0.002, attacker, port, victim, 80, .tcp, length: 66, flags: .ack)
            for line in 0..<2 {
                let time = start + 0.003 + Double(line) * 5
                script.packet(
                    at: time, attacker, port, victim, 80, .tcp, length: line == 0 ? 240 : 90, flags: .ack)
                script.packet(at: time + 0.001, victim, 80, attacker, port, .tcp, length: 66, flags: .ack)
            }
        }
    }
}
