import Detection
import Testing
import Traffic

/// Somebody who must never be blocked.
struct Customer: Sendable, CustomTestStringConvertible {
    var name: String
    /// Writes this many seconds of it.
    var write: @Sendable (inout ScriptedTraffic, Double) -> Void

    var testDescription: String { name }

    private static let server = host("10.0.0.80")
    private static let client = host("192.168.1.20")

    static let all = [
        requests(perSecond: 20), requests(perSecond: 100), browser, download, backup, resolver, busyServer,
        loadStart,
        metrics, call,
    ]

    static func requests(perSecond rate: Int) -> Customer {
        Customer(name: "\(rate) requests a second, each on a new connection") { script, seconds in
            for number in 0..<Int(seconds * Double(rate)) {
                script.connection(
                    at: Double(number) / Double(rate), client, UInt16(10_000 + number % 40_000), server, 80)
            }
        }
    }

    static let browser = Customer(name: "a browser that opens a page on many hosts every few seconds") {
        script, seconds in
        for page in 0..<Int(seconds / 4) {
            for number in 0..<60 {
                let host = Address(ipv4: 0x5DB8_D800 + UInt32((page * 7 + number / 3) % 200))
                script.connection(
                    at: Double(page) * 4 + Double(number) * 0.01, client,
                    UInt16(30_000 + (page * 60 + number) % 30_000),
                    host, 443, roundTrip: 0.03, answers: 12)
            }
        }
    }

    static let download = Customer(name: "a download of 8,000 packets a second") { script, seconds in
        script.connection(at: 0.1, client, 50_000, server, 443, closes: false)
        for number in 0..<Int(seconds * 8_000) {
            let time = 0.2 + Double(number) / 8_000
            script.packet(at: time, server, 443, client, 50_000, .tcp, length: 1_514, flags: .ack)
            guard number.isMultiple(of: 2) else { continue }
            script.packet(at: time, client, 50_000, server, 443, .tcp, length: 66, flags: .ack)
        }
    }

    static let backup = Customer(name: "a backup that uploads by four connections") { script, seconds in
        for stream in 0..<4 {
            script.connection(at: 0.1, client, UInt16(51_000 + stream), server, 873, closes: false)
        }
        for number in 0..<Int(seconds * 4_000) {
            let port = UInt16(51_000 + number % 4)
            let time = 0.2 + Double(number) / 4_000
            script.packet(at: time, client, port, server, 873, .tcp, length: 1_514, flags: .ack)
            guard number.isMultiple(of: 3) else { continue }
            script.packet(at: time, server, 873, client, port, .tcp, length: 66, flags: .ack)
        }
    }

    static let resolver = Customer(name: "a stub resolver that asks 50 times a second") { script, seconds in
        for number in 0..<Int(seconds * 50) {
            let time = Double(number) / 50
            let port = UInt16(truncatingIfNeeded: 20_000 + number * 7)
            script.packet(at: time, client, port, server, 53, .udp, length: 80)
            script.packet(at: time + 0.02, server, 53, client, port, .udp, length: 160)
        }
    }

    static let busyServer = Customer(name: "a web server with 200 visitors") { script, seconds in
        for number in 0..<Int(seconds * 150) {
            let visitor = Address(ipv4: 0xC633_6400 + UInt32(number * 13 % 200))
            script.connection(
                at: Double(number) / 150, visitor, UInt16(10_000 + number % 50_000), server, 443,
                roundTrip: 0.04,
                answers: 10)
        }
    }

    static let loadStart = Customer(name: "a load generator that opens 256 connections at once") {
        script, seconds in
        for round in 0..<Int(seconds / 5) {
            for number in 0..<256 {
                script.connection(
                    at: Double(round) * 5 + 0.5 + Double(number) * 0.0001, client,
                    UInt16(20_000 + round * 256 + number),
                    server, 80, roundTrip: 0.08, answers: 40)
            }
        }
    }

    static let call = Customer(name: "a call whose two streams have a port each, beside some browsing") {
        script, seconds in
        requests(perSecond: 5).write(&script, seconds)
        for number in 0..<Int(seconds * 160) {
            let time = Double(number) / 160
            script.packet(at: time, client, 40_000, server, 50_000, .udp, length: 942)
            script.packet(at: time, server, 50_002, client, 40_002, .udp, length: 942)
        }
    }

    static let metrics = Customer(
        name: "a program that sends 200 lines of metrics a second and hears nothing"
    ) {
        script, seconds in
        for number in 0..<Int(seconds * 200) {
            script.packet(at: Double(number) / 200, client, 45_000, server, 8_125, .udp, length: 120)
        }
    }
}
