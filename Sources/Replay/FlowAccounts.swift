package import Traffic

/// All flows of one capture with their packets and bytes: what `sluice replay --flows` prints.
///
/// Bytes are those on the wire, as in `sluice replay` and on a live interface, also of frames that the capture holds the
/// beginning of.
package struct FlowAccounts: Sendable {
    package private(set) var flows: [FlowKey: Count] = [:]
    package private(set) var totals = Totals()
    /// Why reading ended before its time; what came before is here.
    package private(set) var failure: CaptureError?
    /// Frames that are in none of the above, for their interfaces have a link type that is not known.
    package private(set) var leftOut: [LeftOut] = []

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
        leftOut = capture.leftOut
    }

    private mutating func read(_ capture: Capture, into table: TwinTable) throws(CaptureError) {
        while let full = try unsafe capture.next({ time, frame, length in
            unsafe table.count(frame, length: length, at: time) ? nil : (time, Array(frame), length)
        }) {
            guard let (time, frame, length) = full else { continue }
            add(table.drain(now: time))
            _ = unsafe frame.withUnsafeBytes { unsafe table.count($0, length: length, at: time) }
        }
    }

    private mutating func add(_ samples: [FlowSample]) {
        for sample in samples {
            flows[sample.key, default: Count()] += Count(packets: sample.packets, bytes: sample.bytes)
        }
    }
}
