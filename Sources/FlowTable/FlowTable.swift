import CMemory
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
    /// is found among the few entries of that set by their tags, without a dictionary.
    ///
    /// - Parameter clock: turns the kernel's time units into points in time.
    /// - Returns: each flow once; ordered by set, then by the first segment that has it, then by way.
    package func drain(clock: FlowClock) -> [FlowSample] {
        let blank = FlowSample(blankAt: clock.now)
        return Array(capacity: entryCount) { samples in
            samples.useHugePages()
            for number in 0..<sets {
                for segment in 0..<segments {
                    let set = set(number, of: segment)
                    if number + Self.ahead < sets { self.set(number + Self.ahead, of: segment).prefetch() }
                    let ways = set.ways
                    guard !ways.isEmpty else { continue }
                    for way in ways {
                        let entry = set.entry(way)
                        var (first, last) = (clock.age(of: entry.first), clock.age(of: entry.last))
                        var sample = blank
                        set.fill(&sample.key, way)
                        sample.start(entry)
                        for later in segment + 1..<segments {
                            guard let twin = self.set(number, of: later).take(way, of: set) else { continue }
                            first = max(first, clock.age(of: twin.first))
                            last = min(last, clock.age(of: twin.last))
                            sample.add(twin)
                        }
                        sample.first.nanoseconds = clock.nanoseconds(at: first)
                        sample.last.nanoseconds = clock.nanoseconds(at: last)
                        samples.append(sample)
                    }
                    set.clear()
                }
            }
        }
    }

    /// So many sets before their turn memory is asked for them.
    ///
    /// The addresses of IPv6 flows lie between, and past that gap processors do not look ahead by themselves. More gains
    /// nothing.
    private static let ahead = 2

    /// Entries in all segments: flows, or more where several CPUs saw one.
    private var entryCount: Int {
        (0..<segments * sets).reduce(0) { $0 + set($1, of: 0).ways.count }
    }

    private func set(_ number: Int, of segment: Int) -> FlowSet {
        unsafe FlowSet(base + (segment * sets + number))
    }
}

extension OutputSpan<FlowSample> {
    /// Asks for huge pages, if it is that large: who turns to samples in an order of his own spends his time on translating
    /// addresses.
    fileprivate mutating func useHugePages() {
        let size = capacity * MemoryLayout<FlowSample>.stride
        guard size >= Int(MEMORY_HUGE_PAGE) else { return }
        unsafe withUnsafeMutableBufferPointer { samples, _ in
            if let first = samples.baseAddress { unsafe memory_use_huge_pages(first, size) }
        }
    }
}

extension FlowSample {
    /// A sample of nothing, to be copied and filled: an initializer of another module is a call, and a sample would take nine
    /// of them, while its fields are merely stored.
    fileprivate init(blankAt now: Timestamp) {
        let none = Address(ipv4: 0)
        let key = FlowKey(
            source: none, destination: none, protocol: IPProtocol(rawValue: 0), sourcePort: 0,
            destinationPort: 0)
        self.init(key: key, first: now, last: now)
    }

    /// Takes over the counters of an entry.
    @inline(__always) fileprivate mutating func start(_ entry: FlowEntryABI) {
        packets = UInt64(entry.packets)
        bytes = UInt64(entry.bytes)
        squaredBytes = entry.squared_bytes
        minimumLength = entry.min_length
        maximumLength = entry.max_length
        fragments = UInt64(entry.fragments & UInt16(FRAGMENTS_MAX))
        isProven = entry.isProven
        syn = UInt64(entry.syn)
        synAck = UInt64(entry.syn_ack)
        ack = UInt64(entry.ack)
        fin = UInt64(entry.fin)
        rst = UInt64(entry.rst)
    }

    /// Adds the counters of an entry: of 32 bits (squares: 48), so that no sum over CPUs overflows.
    fileprivate mutating func add(_ entry: FlowEntryABI) {
        packets &+= UInt64(entry.packets)
        bytes &+= UInt64(entry.bytes)
        squaredBytes &+= entry.squared_bytes
        minimumLength = min(minimumLength, entry.min_length)
        maximumLength = max(maximumLength, entry.max_length)
        fragments &+= UInt64(entry.fragments & UInt16(FRAGMENTS_MAX))
        isProven = isProven || entry.isProven
        syn &+= UInt64(entry.syn)
        synAck &+= UInt64(entry.syn_ack)
        ack &+= UInt64(entry.ack)
        fin &+= UInt64(entry.fin)
        rst &+= UInt64(entry.rst)
    }
}

extension FlowEntryABI {
    fileprivate var isProven: Bool { fragments & UInt16(FLOW_PROVEN.rawValue) != 0 }
}
