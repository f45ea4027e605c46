import FlowTable
import TestSupport
import Testing
import Traffic

/// Who receives what is sent to him, and who merely says so.
@Suite("Proofs of a connection")
struct ProofTests {
    private static let clock = FlowClock(now: Timestamp(nanoseconds: 10 << 20), counter: 10 << 20)

    /// SYN, SYN-ACK and ACK of a connection whose callee draws `number`.
    private struct Handshake {
        let syn: Frame
        let number: UInt32

        init(isIPv4: Bool, port: UInt16 = 40_000, number: UInt32) {
            syn = Frame(from: FrameShape.source(isIPv4: isIPv4), to: FrameShape.destination(isIPv4: isIPv4))
                .with { ($0.protocol, $0.tcpFlags, $0.sourcePort, $0.destinationPort) = (6, 0x02, port, 443) }
            self.number = number
        }

        var synAck: Frame {
            syn.reversed.with { ($0.tcpFlags, $0.sequence, $0.acknowledged) = (0x12, number, 2) }
        }

        /// An ACK that gives this number.
        func ack(_ acknowledged: UInt32) -> Frame {
            syn.with { ($0.tcpFlags, $0.sequence, $0.acknowledged) = (0x10, 2, acknowledged) }
        }

        /// Whether the caller's flow is proven in the table.
        func isProven(in samples: [FlowSample]) -> Bool {
            samples.contains {
                $0.key.source == syn.source && $0.key.sourcePort == syn.sourcePort && $0.isProven
            }
        }
    }

    private static func read(_ twin: Twin) -> [FlowSample] { twin.table().drain(clock: clock) }

    @Test(
        "Who acknowledges the number that the callee chose is proven, in this reading and later",
        arguments: [true, false])
    func proven(isIPv4: Bool) {
        let twin = Twin(sets: 16)
        let talk = Handshake(isIPv4: isIPv4, number: .max)
        // The number after the greatest is 0.
        for frame in [talk.syn, talk.synAck, talk.ack(0)] { twin.count(frame) }
        let first = Self.read(twin)
        #expect(talk.isProven(in: first))
        // What the callee sends proves nothing of the callee.
        #expect(!first.contains { $0.key.source == talk.syn.destination && $0.isProven })
        twin.count(talk.ack(700))
        #expect(talk.isProven(in: Self.read(twin)))
    }

    @Test("Nothing is proven by what a blind sender can send or make others send", arguments: [true, false])
    func blind(isIPv4: Bool) {
        let talk = Handshake(isIPv4: isIPv4, number: 1_000_000)
        let longSyn = talk.syn.with { $0.payload = 80 }
        let challenge = talk.synAck.with { ($0.tcpFlags, $0.sequence) = (0x10, 1_000_001) }
        let attempts: [[Frame]] = [
            [talk.syn, talk.synAck, talk.ack(1_000_000), talk.ack(1_000_002)],
            // A second SYN far away makes Linux send a bare ACK.
            [longSyn, talk.synAck, talk.syn.with { $0.sequence = 1 << 31 }, challenge, talk.ack(5)],
            [talk.synAck, talk.ack(1_000_001).with { $0.tcpFlags = 0x04 }],
            [talk.synAck, talk.ack(1_000_001).with { $0.tcpFlags = 0x14 }],
            [talk.synAck, talk.ack(1_000_001).with { $0.tcpFlags = 0x12 }],
            [talk.syn, talk.ack(1_000_001), talk.ack(1)],
            [challenge, talk.ack(1_000_002)],
        ]
        for (number, attempt) in attempts.enumerated() {
            let twin = Twin(sets: 16)
            for frame in attempt { twin.count(frame) }
            #expect(!talk.isProven(in: Self.read(twin)), "attempt \(number)")
        }
    }

    @Test(
        "A question takes three wrong answers, whenever they come, and one that is sent again no more than that"
    )
    func tries() {
        for wrong in 0...4 {
            let twin = Twin(sets: 16)
            let talk = Handshake(isIPv4: true, number: 77)
            for frame in [talk.syn, talk.synAck] { twin.count(frame) }
            for guess in 0..<UInt32(wrong) {
                twin.count(talk.ack(1_000 + guess))
                _ = Self.read(twin)
            }
            if wrong == 2 { twin.count(talk.synAck) }
            twin.count(talk.ack(78))
            #expect(talk.isProven(in: Self.read(twin)) == (wrong < 3), "after \(wrong) wrong ones")
        }
    }

    @Test("A flood of questions pushes out no answer")
    func flood() {
        let twin = Twin(sets: 4_096)
        let talks = (0..<50).map { Handshake(isIPv4: $0 % 2 == 0, port: 1_000 + UInt16($0), number: 9) }
        for talk in talks { for frame in [talk.syn, talk.synAck, talk.ack(10)] { twin.count(frame) } }
        _ = Self.read(twin)
        var random = SeededGenerator()
        for _ in 0..<200_000 {
            let source = Address(ipv4: .random(in: 0x0B00_0000...0x7E00_0000, using: &random))
            let answer = Frame(from: FrameShape.destination(isIPv4: true), to: source).with {
                ($0.protocol, $0.tcpFlags, $0.sourcePort) = (6, 0x12, 443)
            }
            if twin.count(answer) < 0 {
                _ = Self.read(twin)
                twin.count(answer)
            }
        }
        _ = Self.read(twin)
        for talk in talks { twin.count(talk.ack(4_000)) }
        let samples = Self.read(twin)
        #expect(talks.allSatisfy { $0.isProven(in: samples) }, "\(random)")
    }

    @Test(
        "Whatever a blind sender mixes in the name of others, only who answered is proven", arguments: 0..<20)
    func property(round: Int) {
        var random = SeededGenerator()
        let twin = Twin(sets: 1_024)
        let talks = (0..<40).map {
            Handshake(
                isIPv4: $0 % 2 == 0, port: 2_000 + UInt16($0), number: .random(in: 0 ... .max, using: &random)
            )
        }
        let honest = Set(talks.indices.filter { _ in Bool.random(using: &random) })
        var samples: [FlowSample] = []
        for step in 0..<600 {
            let index = Int.random(in: talks.indices, using: &random)
            let talk = talks[index]
            // Forged: any flags but the right number, which nobody knows; and the callee answers what it is asked.
            let flags =
                UInt8.random(in: 0...63, using: &random) & ~0x12 | (Bool.random(using: &random) ? 0x10 : 0x02)
            var forged = talk.syn.with {
                ($0.tcpFlags, $0.sequence) = (flags, .random(in: 0 ... .max, using: &random))
                $0.acknowledged = .random(in: 0 ... .max, using: &random)
                $0.payload = .random(in: 0...200, using: &random)
            }
            if forged.acknowledged == talk.number &+ 1 { forged.acknowledged = 0 }
            for frame in [forged, talk.synAck] where twin.count(frame) < 0 {
                samples += Self.read(twin)
                twin.count(frame)
            }
            if honest.contains(index), step % 3 == 0 {
                for frame in [talk.syn, talk.synAck, talk.ack(talk.number &+ 1)] { twin.count(frame) }
            }
            if step % 50 == 0 { samples += Self.read(twin) }
        }
        samples += Self.read(twin)
        for (index, talk) in talks.enumerated() where !honest.contains(index) {
            #expect(!talk.isProven(in: samples), "talk \(index), \(random)")
        }
    }
}
