package import Traffic

/// All flows of one capture with their packets and bytes: what `sluice replay --flows` prints.
///
/// Bytes are those that the capture holds, also of frames that it holds the beginning of.
package struct FlowAccounts: Sendable {
    package private(set) var flows: [FlowKey: Count] = [:]
    package private(set) var totals = Totals()
    /// Why reading ended before its time; what came before is here.
    package private(set) var failure: CaptureError?

    /// Reads `capture` to its end, or to where it is cut off or corrupt.
    package init(of capture: Capture) {
        let table = TwinTable()
        do {
            try read(capture, into: table)
        } catch {
            failure = error
        }
        add(table.drain(now: Timestamp(nanoseconds: 0)))
        totals = table.drainTotals()
    }

    private mutating func read(_ capture: Capture, into table: TwinTable) throws(CaptureError) {
        while let full = try unsafe capture.next({ time, frame, _ in
            unsafe table.count(frame, length: frame.count, at: time) ? nil : (time, Array(frame))
        }) {
            guard let (time, frame) = full else { continue }
            add(table.drain(now: time))
            _ = unsafe frame.withUnsafeBytes { unsafe table.count($0, length: $0.count, at: time) }
        }
    }

    private mutating func add(_ samples: [FlowSample]) {
        for sample in samples {
            flows[sample.key, default: Count()] += Count(packets: sample.packets, bytes: sample.bytes)
        }
    }
}
