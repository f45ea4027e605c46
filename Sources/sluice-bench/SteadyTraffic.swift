import TestSupport
import Traffic

/// What only minutes show: calls as regular as a clock's, to services that few or many call, and streams that answer one
/// another by flows of their own; now and then mixed traffic among it.
struct SteadyTraffic {
    private var random: SeededGenerator
    private var mixed: MixedTraffic
    private var now: Int64 = 1_700_000_000_000_000_000
    private var second = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed &+ 99)
        mixed = MixedTraffic(seed: seed)
    }

    /// The next second.
    mutating func next() -> Reading {
        let start = now
        now += 1_000_000_000
        second += 1
        var samples: [FlowSample] = []
        for beacon in 0..<16 { call(beacon, into: &samples) }
        for pair in 0..<24 { stream(pair, into: &samples) }
        if second % 40 == 1 {
            for var sample in mixed.next().samples {
                (sample.first, sample.last) = (time(Int64(number(999_000_000))), time(999_999_999))
                samples.append(sample)
            }
        }
        return Reading(
            start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: now), samples: samples)
    }

    /// A service that one to six hosts call every three to six seconds, from the beginning or from later on.
    private mutating func call(_ beacon: Int, into samples: inout [FlowSample]) {
        let begins = [2, 2, 400, 620][beacon % 4]
        guard second >= begins, (second + beacon) % (3 + beacon % 4) == 0 else { return }
        let isIPv6 = beacon % 5 == 0
        let isSilent = beacon == 9
        for caller in 0...beacon % 6 {
            let key = FlowKey(
                source: isIPv6
                    ? Address(ipv6High: 0x2001_0DB8_0001_0000, low: UInt64(100 + beacon * 8 + caller))
                    : Address(ipv4: 0x0A01_0000 + UInt32(beacon * 8 + caller)),
                destination: isIPv6
                    ? Address(ipv6High: 0x2A00 << 48 | UInt64(beacon), low: 5)
                    : Address(ipv4: 0x0909_0900 + UInt32(beacon)),
                protocol: .tcp, sourcePort: UInt16(32_768 + number(20_000)),
                destinationPort: beacon % 7 == 0 ? 22 : 443)
            let first = Int64(1_000_000 + caller)
            var out = sample(key, packets: 7, length: beacon % 8 == 6 ? 62 : 200, at: first)
            (out.syn, out.ack, out.fin) = isSilent ? (1, 0, 0) : (1, 6, 1)
            samples.append(out)
            guard !isSilent else { continue }
            let length = beacon % 3 == 0 ? UInt64(100 + number(1_200)) : 300
            var back = sample(key.reversed, packets: 7, length: length, at: first + 1_000)
            (back.synAck, back.ack, back.fin) = (1, 7, 1)
            samples.append(back)
        }
    }

    /// One to three streams to somebody who sends one back, or does now and then, or does not.
    private mutating func stream(_ pair: Int, into samples: inout [FlowSample]) {
        let isIPv6 = pair % 4 == 0
        let near =
            isIPv6
            ? Address(ipv6High: 0x2001_0DB8_0001_0000, low: UInt64(900 + pair))
            : Address(ipv4: 0x0A02_0000 + UInt32(pair))
        let far =
            isIPv6
            ? Address(ipv6High: 0x2A01 << 48, low: UInt64(pair)) : Address(ipv4: 0x0808_0100 + UInt32(pair))
        for number in 0...pair % 3 {
            let key = FlowKey(
                source: near, destination: far, protocol: .udp, sourcePort: UInt16(5_000 + pair * 3 + number),
                destinationPort: UInt16(20_000 + pair + number))
            samples.append(sample(key, packets: UInt64(2 + self.number(60)), length: 180, at: 5))
        }
        guard pair % 5 != 4, pair % 3 != 1 || second % (1 + pair % 6) == 0 else { return }
        let key = FlowKey(
            source: far, destination: near, protocol: .udp, sourcePort: UInt16(7_000 + pair),
            destinationPort: UInt16(30_000 + pair))
        samples.append(sample(key, packets: pair % 7 == 6 ? 2 : UInt64(1 + number(50)), length: 200, at: 7))
    }

    private func time(_ nanoseconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: now - 1_000_000_000 + nanoseconds)
    }

    private func sample(_ key: FlowKey, packets: UInt64, length: UInt64, at first: Int64) -> FlowSample {
        var sample = FlowSample(key: key, first: time(first), last: time(999_999_999))
        sample.packets = packets
        sample.bytes = packets * length
        sample.squaredBytes = packets * length * length
        sample.minimumLength = UInt16(length)
        sample.maximumLength = UInt16(length)
        return sample
    }

    private mutating func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
}
