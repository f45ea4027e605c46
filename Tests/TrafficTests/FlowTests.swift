import Testing
import Traffic

@Suite("Flows")
struct FlowTests {
    private static let key = FlowKey(
        source: Address(ipv4: 1), destination: Address(ipv4: 2), protocol: .tcp, sourcePort: 3,
        destinationPort: 4)

    @Test("merging two samples adds counts, and keeps the extremes")
    func merge() {
        var left = FlowSample(
            key: Self.key, first: Timestamp(nanoseconds: 20), last: Timestamp(nanoseconds: 30))
        (left.packets, left.bytes, left.squaredBytes) = (2, 200, 20_000)
        (left.minimumLength, left.maximumLength, left.syn, left.fin) = (90, 110, 1, 1)
        var right = FlowSample(
            key: Self.key, first: Timestamp(nanoseconds: 10), last: Timestamp(nanoseconds: 25))
        (right.packets, right.bytes, right.squaredBytes) = (1, 60, 3600)
        (right.minimumLength, right.maximumLength, right.ack, right.rst) = (60, 60, 1, 1)
        (right.synAck, right.fragments) = (1, 1)
        var merged = left
        merged.merge(right)
        right.merge(left)
        #expect(merged == right)
        #expect((merged.packets, merged.bytes, merged.squaredBytes) == (3, 260, 23_600))
        #expect((merged.minimumLength, merged.maximumLength) == (60, 110))
        #expect((merged.first.nanoseconds, merged.last.nanoseconds) == (10, 30))
        #expect(
            [merged.syn, merged.synAck, merged.ack, merged.fin, merged.rst, merged.fragments] == [
                1, 1, 1, 1, 1, 1,
            ])
    }

    @Test("the answer to the answer is the flow itself")
    func reversed() {
        #expect(Self.key.reversed.reversed == Self.key)
        #expect(Self.key.reversed.source == Self.key.destination)
        #expect(Self.key.reversed.sourcePort == Self.key.destinationPort)
    }

    @Test("every frame is in one member of the totals, and coverage is the share in entries")
    func totals() {
        var totals = Totals()
        #expect(totals.coverage == 1)
        totals.flow = Count(packets: 3, bytes: 30)
        totals.aside = Count(packets: 1, bytes: 10)
        totals.malformations = [
            .short: Count(packets: 2, bytes: 20), .version: Count(packets: 3, bytes: 30),
        ]
        totals.other = Count(packets: 7, bytes: 70)
        totals.dropped = Count(packets: 9, bytes: 90)
        #expect(totals.frames == 25)
        #expect(totals.bytes == 250)
        #expect(totals.coverage == 0.75)
        totals += totals
        #expect(totals.frames == 50)
    }
}
