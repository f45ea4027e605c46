/// Packets and bytes.
package struct Count: Hashable, Sendable {
    package var packets: UInt64
    package var bytes: UInt64

    package init(packets: UInt64 = 0, bytes: UInt64 = 0) {
        self.packets = packets
        self.bytes = bytes
    }

    /// Wraps rather than traps: what the kernel counted must not be able to end the agent.
    package static func += (left: inout Count, right: Count) {
        left.packets &+= right.packets
        left.bytes &+= right.bytes
    }
}

/// Why the IP headers of a frame cannot be read.
package enum Malformation: String, Hashable, Sendable, CaseIterable {
    /// The frame ends inside the IP header.
    case short
    /// The version field is not what the Ethernet type says.
    case version
    /// The IPv4 header length is below 20, or beyond the frame.
    case headerLength = "header_length"
    /// An IPv6 extension header ends beyond the frame.
    case `extension`
}

/// What the data plane did with all frames it saw; every frame is in exactly one of the members.
package struct Totals: Hashable, Sendable {
    /// Counted in an entry of the flow table.
    package var flow = Count()
    /// IP that found no entry in the flow table; known in the sketch only.
    package var aside = Count()
    /// IP whose headers cannot be read, by reason; passed.
    ///
    /// Reasons without frames are not in it.
    package var malformations: [Malformation: Count] = [:]
    /// Not IP (ARP, LLDP, more than two VLAN tags ...); passed.
    package var other = Count()
    /// Dropped by a deny rule or a limit, and so not in `flow`.
    package var dropped = Count()
    /// Came from outside in the name of a source that is not there (RFC 2827): evidence of nothing, and dropped where that is
    /// configured.
    package var martian = Count()
    /// Beginnings that were sent back as a question, and so are not in `flow`.
    package var answered = Count()

    package init() {}

    package static func += (left: inout Totals, right: Totals) {
        left.flow += right.flow
        left.aside += right.aside
        for (reason, count) in right.malformations { left.malformations[reason, default: Count()] += count }
        left.other += right.other
        left.dropped += right.dropped
        left.martian += right.martian
        left.answered += right.answered
    }

    /// All of `malformations`.
    package var malformed: Count { malformations.values.reduce(into: Count()) { $0 += $1 } }

    package var frames: UInt64 {
        flow.packets + aside.packets + malformed.packets + other.packets + dropped.packets + martian.packets
            + answered.packets
    }
    package var bytes: UInt64 {
        flow.bytes + aside.bytes + malformed.bytes + other.bytes + dropped.bytes + martian.bytes
            + answered.bytes
    }

    /// Share of the countable packets that stand in a flow entry, 0...1; 1 where there were none.
    package var coverage: Double {
        let countable = flow.packets + aside.packets
        return countable == 0 ? 1 : Double(flow.packets) / Double(countable)
    }
}

/// One generation of the flow table, read and cleared.
package struct Reading: Sendable {
    /// The span in which the packets came.
    package var start: Timestamp
    package var end: Timestamp
    /// Each flow once, in no particular order.
    package var samples: [FlowSample]
    package var totals: Totals
    /// Estimates for the traffic in `totals.aside`; `nil` when there was none.
    package var aside: AsideSketch?

    package init(
        start: Timestamp, end: Timestamp, samples: [FlowSample] = [], totals: Totals = Totals(),
        aside: AsideSketch? = nil
    ) {
        self.start = start
        self.end = end
        self.samples = samples
        self.totals = totals
        self.aside = aside
    }
}

/// Where flow samples come from: the kernel, or a capture.
package protocol FlowSource: AnyObject {
    /// Ends the current generation at `now` and returns what was counted in it.
    func read(at now: Timestamp) throws -> Reading
}
