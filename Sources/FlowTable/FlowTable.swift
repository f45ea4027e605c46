package import CSluiceABI
package import Traffic

/// One generation of the flow table in memory: `segments` runs of `sets` sets each, one for each CPU.
///
/// The memory is the kernel's map or replay's own; the layout is `bpf/sluice.h`. Whoever makes this value promises that
/// the memory outlives it and that nobody writes the generation meanwhile.
@safe package struct FlowTable {
    private let base: UnsafeMutablePointer<FlowSetABI>
    private let sets: Int
    private let segments: Int

    package init(base: UnsafeMutablePointer<FlowSetABI>, sets: Int, segments: Int) {
        unsafe self.base = base
        self.sets = sets
        self.segments = segments
    }

    /// Reads every flow and empties the table.
    ///
    /// A flow that several CPUs saw stands in the same set of each segment, since all use one hash: what belongs together
    /// is found among the few entries of that set, without a dictionary.
    ///
    /// - Parameter clock: turns the kernel's time units into points in time.
    /// - Returns: each flow once.
    package func drain(clock: FlowClock) -> [FlowSample] {
        var samples: [FlowSample] = []
        samples.reserveCapacity(entryCount)
        for set in 0..<sets {
            let start = samples.count
            for segment in 0..<segments {
                let current = unsafe base + (segment * sets + set)
                var tags = unsafe current.pointee.tags
                guard tags != 0 else { continue }
                for way in 0..<Int(FLOW_WAYS) {
                    defer { tags >>= 8 }
                    guard tags & 0xFF != 0 else { continue }
                    let sample = unsafe Self.sample(current, way, clock)
                    if segment > 0, let twin = samples[start...].firstIndex(where: { $0.key == sample.key }) {
                        samples[twin].merge(sample)
                    } else {
                        samples.append(sample)
                    }
                }
                unsafe Self.clear(current)
            }
        }
        return samples
    }

    /// Entries in all segments: flows, or more where several CPUs saw one.
    private var entryCount: Int {
        (0..<segments * sets).reduce(0) { count, set in
            let tags = unsafe base[set].tags
            // The top bit of each byte that is not zero.
            let used = ((tags & ~Self.topBits) &+ ~Self.topBits | tags) & Self.topBits
            return count + used.nonzeroBitCount
        }
    }

    private static let topBits: UInt64 = 0x8080_8080_8080_8080

    /// Only the header: an entry is written anew when its way is given out again.
    private static func clear(_ set: UnsafeMutablePointer<FlowSetABI>) {
        unsafe set.pointee.tags = 0
        unsafe set.pointee.ages = 0
        unsafe set.pointee.contests = 0
    }

    private static let headerSize = 64
    private static let addressesOffset = headerSize + Int(FLOW_WAYS) * MemoryLayout<FlowEntryABI>.stride

    private static func sample(
        _ set: UnsafeMutablePointer<FlowSetABI>, _ way: Int, _ clock: FlowClock
    ) -> FlowSample {
        let raw = UnsafeRawPointer(set)
        let entry = unsafe raw.load(
            fromByteOffset: headerSize + way * MemoryLayout<FlowEntryABI>.stride, as: FlowEntryABI.self)
        let source: Address
        let destination: Address
        if entry.family == 4 {
            source = Address(ipv4: UInt32(bigEndian: entry.saddr))
            destination = Address(ipv4: UInt32(bigEndian: entry.daddr))
        } else {
            let offset = addressesOffset + way * MemoryLayout<FlowAddressesABI>.stride
            source = unsafe Address(networkOrder: raw + offset)
            destination = unsafe Address(networkOrder: raw + (offset + 16))
        }
        let key = FlowKey(
            source: source, destination: destination, protocol: IPProtocol(rawValue: entry.protocol),
            sourcePort: UInt16(bigEndian: entry.sport), destinationPort: UInt16(bigEndian: entry.dport))
        var sample = FlowSample(
            key: key, first: clock.time(of: entry.first), last: clock.time(of: entry.last))
        sample.packets = UInt64(entry.packets)
        sample.bytes = UInt64(entry.bytes)
        sample.squaredBytes = entry.squared_bytes
        sample.minimumLength = entry.min_length
        sample.maximumLength = entry.max_length
        sample.fragments = UInt64(entry.fragments)
        sample.syn = UInt64(entry.syn)
        sample.synAck = UInt64(entry.syn_ack)
        sample.ack = UInt64(entry.ack)
        sample.fin = UInt64(entry.fin)
        sample.rst = UInt64(entry.rst)
        return sample
    }
}

extension Address {
    /// An IPv6 address from its sixteen bytes.
    package init(networkOrder bytes: UnsafeRawPointer) {
        self.init(
            ipv6High: UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
