import FlowTable
import TestSupport
import Testing
import Traffic

@Suite("Flow table in memory")
struct FlowTableTests {
    private static let clock = FlowClock(now: Timestamp(nanoseconds: 10 << 20), counter: 10 << 20)

    private static func frame(_ index: Int) -> Frame {
        let number = UInt32(index) &* 2_654_435_761
        let frame =
            index % 2 == 0
            ? Frame(from: Address(ipv4: number), to: FrameShape.destination(isIPv4: true))
            : Frame(
                from: Address(ipv6High: 0x2001_0DB8_0000_0000 | UInt64(number), low: UInt64(index)),
                to: FrameShape.destination(isIPv4: false))
        return frame.with {
            $0.protocol = 6
            $0.sourcePort = UInt16(truncatingIfNeeded: index)
        }
    }

    @Test("each field of a sample is what the frames say", arguments: [true, false])
    func fields(isIPv4: Bool) throws {
        let twin = Twin(sets: 16)
        let base = FrameShape.all.first { $0.isIPv4 == isIPv4 }?.example.with { $0.protocol = 6 }
        let frame = try #require(base)
        let flags: [UInt8] = [0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x00]
        for (index, flag) in flags.enumerated() {
            twin.count(
                frame.with { ($0.tcpFlags, $0.payload) = (flag, index * 100) }, at: UInt64(index) << 20)
        }
        let samples = twin.table().drain(clock: Self.clock)
        let sample = try #require(samples.first)
        let lengths = flags.indices.map { frame.with { $0.payload = 0 }.bytes.count + $0 * 100 }
        #expect(samples.count == 1)
        #expect(
            sample.key
                == FlowKey(
                    source: frame.source, destination: frame.destination, protocol: .tcp, sourcePort: 40_000,
                    destinationPort: 53))
        #expect(sample.packets == 7)
        #expect(sample.bytes == UInt64(lengths.reduce(0, +)))
        #expect(sample.squaredBytes == UInt64(lengths.map { $0 * $0 }.reduce(0, +)))
        #expect(sample.minimumLength == UInt16(lengths[0]))
        #expect(sample.maximumLength == UInt16(lengths[6]))
        #expect([sample.syn, sample.synAck, sample.ack, sample.fin, sample.rst] == [1, 1, 4, 1, 1])
        #expect(sample.first == Timestamp(nanoseconds: 0))
        #expect(sample.last == Timestamp(nanoseconds: 6 << 20))
    }

    @Test(
        "fragments of one packet are counted as such, the later ones without ports", arguments: [true, false])
    func fragments(isIPv4: Bool) throws {
        let twin = Twin(sets: 16)
        let frame = Frame(from: FrameShape.source(isIPv4: isIPv4), to: FrameShape.destination(isIPv4: isIPv4))
        for offset in [0, 1, 100] as [UInt16] {
            twin.count(
                frame.with {
                    if isIPv4 {
                        $0.fragmentField = 0x2000 | offset
                    } else {
                        $0.extensions = [.fragment(offset: offset, more: true)]
                    }
                })
        }
        let samples = twin.table().drain(clock: Self.clock)
        #expect(samples.map(\.fragments).sorted() == [1, 2])
        #expect(samples.first { $0.key.sourcePort == 0 }?.packets == 2)
    }

    @Test("draining empties the table, and a flow starts anew after it")
    func drain() {
        let twin = Twin(sets: 256)
        for index in 0..<500 { twin.count(Self.frame(index)) }
        #expect(Set(twin.table().drain(clock: Self.clock).map(\.key)).count == 500)
        #expect(twin.table().drain(clock: Self.clock).isEmpty)
        twin.count(Self.frame(3))
        #expect(twin.table().drain(clock: Self.clock).map(\.packets) == [1])
    }

    @Test("a flow that several CPUs saw is one sample with all packets", arguments: [1, 2, 4])
    func merge(segments: Int) {
        // All flows fall into the one set of a twin with one; its copies stand for other CPUs' segments.
        let twin = Twin(sets: UInt32(segments))
        let single = Twin(sets: 1)
        for index in 0..<6 {
            for _ in 0...index { single.count(Self.frame(index)) }
        }
        let expected = single.table().drain(clock: Self.clock)
        #expect(expected.map(\.packets).sorted() == [1, 2, 3, 4, 5, 6])
        // In a table of several sets each flow has its own; one segment's sets are filled from the same frames.
        for index in 0..<6 {
            for _ in 0...index { twin.count(Self.frame(index)) }
        }
        let counted = twin.table(segments: segments).drain(clock: Self.clock)
        #expect(Set(counted.map(\.key)) == Set(expected.map(\.key)))
        #expect(counted.map(\.packets).reduce(0, +) == 21)
    }

    @Test("segments with the same flows add up, flow by flow")
    func mergeEqual() {
        let twin = Twin(sets: 4)
        var index = 0
        // Frames whose flows fall into set 0, which is the whole first segment when there are four.
        while twin.occupancy[0] < 5 {
            twin.count(Self.frame(index))
            index += 1
            if twin.occupancy[1...].contains(where: { $0 >= 8 }) { break }
        }
        let inFirst = twin.occupancy[0]
        for segment in 1..<4 { twin.copySets(1, to: segment) }
        let samples = twin.table(segments: 4).drain(clock: Self.clock)
        #expect(samples.count == inFirst)
        #expect(samples.allSatisfy { $0.packets == 4 })
    }

    /// Up to six frames for each tag, of either family; the IPv6 flows differ in the upper half of the source alone.
    private static let sameTag: [[Frame]] = {
        var groups: [UInt64: [Frame]] = [:]
        for index in 0..<2000 {
            let frame =
                index % 2 == 0
                ? frame(index)
                : Frame(
                    from: Address(ipv6High: 0x2001_0DB8_0000_0000 | UInt64(index), low: 1),
                    to: FrameShape.destination(isIPv4: false))
            let probe = Twin(sets: 1)
            probe.count(frame)
            groups[probe.tag, default: []].append(frame)
        }
        return groups.sorted { $0.key < $1.key }.map { Array($0.value.prefix(6)) }.filter { $0.count > 1 }
    }()

    private static func packets(_ samples: [FlowSample]) -> [Address: UInt64] {
        Dictionary(samples.map { ($0.key.source, $0.packets) }, uniquingKeysWith: +)
    }

    @Test("flows with the same tag are told apart when several CPUs' entries are merged")
    func mergeSameTag() {
        #expect(Self.sameTag.count > 200)
        for frames in Self.sameTag {
            let cpus = (0..<3).map { _ in Twin(sets: 1) }
            for (index, frame) in frames.enumerated() {
                for _ in 0...index { cpus[0].count(frame) }
            }
            // Another one saw all but the first, in the other order, and one the first two only.
            for frame in frames.dropFirst().reversed() { cpus[1].count(frame) }
            for frame in frames.prefix(2) { cpus[2].count(frame, at: 3 << 20) }
            let table = Twin(sets: 4)
            for (segment, cpu) in cpus.enumerated() { table.copySet(of: cpu, to: segment) }
            let samples = table.table(segments: 4).drain(clock: Self.clock)
            #expect(samples.count == frames.count)
            let expected = frames.indices.map { UInt64($0 + ($0 < 2 ? 1 : 0) + ($0 > 0 ? 1 : 0) + 1) }
            let counted = Self.packets(samples)
            #expect(frames.map { counted[$0.source] } == expected)
            #expect(samples.count { $0.last == Timestamp(nanoseconds: 3 << 20) } == 2)
            #expect(samples.allSatisfy { $0.first == Timestamp(nanoseconds: 0) })
            #expect(table.isEmpty)
        }
    }

    @Test("flows with the same tag are counted in full in each generation, whoever stood there before")
    func generations() {
        for frames in Self.sameTag {
            let twin = Twin(sets: 1)
            for generation in 1...3 {
                for frame in frames { twin.count(frame) }
                let counted = Self.packets(twin.table().drain(clock: Self.clock))
                #expect(frames.allSatisfy { counted[$0.source] == 1 }, "generation \(generation)")
            }
        }
    }

    @Test("flows chosen to share a set under one seed spread out under another", arguments: [true, false])
    func seededHash(isIPv4: Bool) {
        var random = SeededGenerator()
        let keys = (0..<10).map { _ in UInt32(truncatingIfNeeded: random.next()) }
        let sets: UInt32 = 64
        var chosen: [Frame] = []
        var index = isIPv4 ? 0 : 1
        while chosen.count < 8 * 16 {
            let frame = Self.frame(index)
            index += 2
            let probe = Twin(sets: sets, keys: keys)
            probe.count(frame)
            if probe.occupancy[0] == 1 { chosen.append(frame) }
        }
        let aimed = Twin(sets: sets, keys: keys)
        #expect(chosen.count { aimed.count($0) == 0 } == 8, "only one set's worth finds a place")
        let other = Twin(sets: sets, keys: keys.map { _ in UInt32(truncatingIfNeeded: random.next()) })
        #expect(chosen.count { other.count($0) == 0 } > 120, "\(random)")
    }
}
