package import Features
package import Traffic

/// An attack as its tool makes it: what a model must still find odd, however it was trained.
package struct CanaryAttack: Sendable {
    package let name: String
    package let traffic: ScriptedTraffic
    /// Span of the traffic in seconds.
    package let length: Double
    /// Whose windows show it: the attacker, or where all sources are forged, the victim.
    package let entity: Entity
    /// Who is attacked, and answers.
    package let victims: [Address]

    /// Who attacks: 203.0.113.66.
    package static let attacker = Address(ipv4: 0xCB00_7142)
    /// Who is attacked: 10.0.0.80.
    package static let victim = Address(ipv4: 0x0A00_0050)

    private init(
        _ name: String, length: Double, view: Entity.View = .source, victims: [Address] = [victim],
        write: (inout ScriptedTraffic) -> Void
    ) {
        self.name = name
        self.length = length
        self.victims = victims
        entity = Entity(view: view, prefix: Prefix(view == .source ? Self.attacker : Self.victim))
        var traffic = ScriptedTraffic()
        write(&traffic)
        self.traffic = traffic
    }

    /// One of each kind.
    package static let all: [CanaryAttack] = [
        udpFlood(rate: 5_000), synFlood(rate: 5_000), spoofedFlood, fastScan, sweep, slowScan, guessing,
        slowRequests,
        pingFlood,
    ]

    /// A flood from many ports of one source.
    package static func udpFlood(rate: Int) -> CanaryAttack {
        CanaryAttack("UDP flood of \(rate) packets a second", length: 0.8) { script in
            for number in 0..<rate * 8 / 10 {
                script.packet(
                    at: Double(number) / Double(rate), attacker, UInt16(1_024 + number % 60_000), victim, 9,
                    .udp,
                    length: 60)
            }
        }
    }

    /// A flood of which the victim answers a part.
    package static func synFlood(rate: Int) -> CanaryAttack {
        CanaryAttack("SYN flood of \(rate) packets a second", length: 0.8) { script in
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

    package static let pingFlood = CanaryAttack("ping -f", length: 1) { script in
        for number in 0..<5_000 {
            let time = Double(number) / 5_000
            script.packet(at: time, attacker, 0, victim, 8 * 256, .icmp, length: 98)
            script.packet(at: time + 0.0002, victim, 0, attacker, 0, .icmp, length: 98)
        }
    }

    package static let spoofedFlood = CanaryAttack(
        "SYN flood from random sources", length: 0.8, view: .destination
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

    package static let fastScan = CanaryAttack("nmap -sS -T4 of 1,000 ports", length: 1.6) { script in
        for port in 1...1_000 { probe(&script, at: Double(port) / 1_000, victim, UInt16(port)) }
    }

    package static let sweep = CanaryAttack(
        "nmap -T4 of 100 ports on 32 hosts", length: 3,
        victims: (0..<32).map { Address(ipv4: 0x0A00_0001 + $0) }
    ) { script in
        for number in 0..<3_200 {
            probe(
                &script, at: Double(number) / 1_600, Address(ipv4: 0x0A00_0001 + UInt32(number % 32)),
                UInt16(number / 32 + 1))
        }
    }

    package static let slowScan = CanaryAttack("nmap -T2 of 100 ports", length: 42) { script in
        for port in 1...100 { probe(&script, at: Double(port) * 0.4, victim, UInt16(port)) }
    }

    private static func probe(
        _ script: inout ScriptedTraffic, at time: Double, _ host: Address, _ port: UInt16
    ) {
        let isOpen = port == 80 || port == 22
        script.packet(at: time, attacker, 40_000, host, port, .tcp, length: 60, flags: .syn)
        script.packet(
            at: time + 0.0005, host, port, attacker, 40_000, .tcp, length: 60,
            flags: isOpen ? [.syn, .ack] : [.rst, .ack])
        if isOpen {
            script.packet(at: time + 0.001, attacker, 40_000, host, port, .tcp, length: 60, flags: .rst)
        }
    }

    package static let guessing = CanaryAttack("hydra on SSH with four tasks", length: 12) { script in
        for number in 0..<36 {
            script.connection(
                at: Double(number) * 0.33, attacker, UInt16(40_000 + number), victim, 22, request: 1_200,
                answers: 8)
        }
    }

    package static let slowRequests = CanaryAttack("slowloris with 400 connections", length: 12) { script in
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
