package import Traffic

/// All flows of one capture with their packets and bytes: what `sluice replay --flows` prints.
package struct FlowAccounts: Sendable {
    package private(set) var flows: [FlowKey: Count] = [:]
    package private(set) var totals = Totals()

    /// Reads `capture` to its end.
    package init(of capture: Capture) throws(CaptureError) {
        let table = TwinTable()
        while let full = try unsafe capture.next({ time, frame in
            unsafe table.count(frame, at: time) ? nil : (time, Array(frame))
        }) {
            guard let (time, frame) = full else { continue }
            add(table.drain(now: time))
            _ = unsafe frame.withUnsafeBytes { unsafe table.count($0, at: time) }
        }
        add(table.drain(now: Timestamp(nanoseconds: 0)))
        totals = table.drainTotals()
    }

    private mutating func add(_ samples: [FlowSample]) {
        for sample in samples {
            flows[sample.key, default: Count()] += Count(packets: sample.packets, bytes: sample.bytes)
        }
    }
}
