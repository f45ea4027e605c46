package import Traffic

/// Captures as a source of flow samples, on the captures' own clock.
package final class CaptureSource: FlowSource {
    private struct Frame {
        var time: Timestamp
        var bytes: [UInt8]
        /// On the wire; `bytes` may be the beginning only.
        var length: Int
    }

    private let table = TwinTable()
    private var captures: ArraySlice<Capture>
    /// The frame that was read ahead: the first one behind the last reading.
    private var pending: Frame?
    /// Flows that had to leave the table before the reading was over, in an order that does not vary from run to run.
    private var early: [FlowSample] = []
    private var placesInEarly: [FlowKey: Int] = [:]
    private var lastRead: Timestamp
    /// Time of the first frame.
    package let firstTime: Timestamp
    /// Latest time of the frames counted so far.
    package private(set) var lastTime: Timestamp
    /// Sum of the totals of all readings.
    package private(set) var totals = Totals()
    /// Why reading ended before its time: a capture is cut off or corrupt.
    ///
    /// What came before has been counted.
    package private(set) var failure: CaptureError?
    /// Of captures that have been read.
    private var leftOutBefore: [LeftOut] = []

    /// - Parameter captures: in the order of their times, as files of a rotating capture are.
    /// - Throws: `CaptureError` when there is no frame in any of them, or a first file is corrupt before it.
    package init(_ captures: [Capture]) throws(CaptureError) {
        self.captures = captures[...]
        var first: Frame?
        while first == nil, let capture = self.captures.first {
            first = try Self.next(of: capture)
            if first == nil { leftOutBefore += self.captures.removeFirst().leftOut }
        }
        guard let first else {
            let reason = leftOutBefore.isEmpty ? "" : " that can be replayed: \(leftOutBefore[0])"
            throw CaptureError(path: captures.first?.path ?? "replay", reason: "holds no frame\(reason)")
        }
        pending = first
        firstTime = first.time
        lastTime = first.time
        lastRead = first.time
    }

    /// Time of the next frame, `nil` when all have been read: lets the caller step over idle spans.
    package var nextTime: Timestamp? { pending?.time }

    /// Frames that were left out so far, for their interfaces have a link type that is not known.
    package var leftOut: [LeftOut] { leftOutBefore + (captures.first?.leftOut ?? []) }

    /// Counts the frames before `now`.
    ///
    /// A frame that is older than the one before it counts where it stands.
    package func read(at now: Timestamp) -> Reading {
        if let frame = pending, frame.time < now {
            pending = nil
            unsafe frame.bytes.withUnsafeBytes { unsafe count($0, length: frame.length, at: frame.time) }
            do {
                try readAhead(until: now)
            } catch {
                failure = error
                leftOutBefore = leftOut
                captures = []
            }
        }
        var samples = table.drain(now: now)
        if !early.isEmpty {
            merge(samples)
            samples = early
            early = []
            placesInEarly = [:]
        }
        let reading = Reading(start: lastRead, end: now, samples: samples, totals: table.drainTotals())
        totals += reading.totals
        lastRead = now
        return reading
    }

    private func readAhead(until now: Timestamp) throws(CaptureError) {
        while let capture = captures.first {
            let more = try unsafe capture.next { time, frame, length in
                guard time < now else {
                    pending = unsafe Frame(time: time, bytes: Array(frame), length: length)
                    return false
                }
                unsafe count(frame, length: length, at: time)
                return true
            }
            if more == false { return }
            if more == nil { leftOutBefore += captures.removeFirst().leftOut }
        }
    }

    private func count(_ frame: UnsafeRawBufferPointer, length: Int, at time: Timestamp) {
        lastTime = max(lastTime, time)
        if unsafe !table.count(frame, length: length, at: time) {
            merge(table.drain(now: time))
            _ = unsafe table.count(frame, length: length, at: time)
        }
    }

    private func merge(_ samples: [FlowSample]) {
        for sample in samples {
            if let place = placesInEarly[sample.key] {
                early[place].merge(sample)
            } else {
                placesInEarly[sample.key] = early.count
                early.append(sample)
            }
        }
    }

    private static func next(of capture: Capture) throws(CaptureError) -> Frame? {
        try unsafe capture.next { time, frame, length in
            unsafe Frame(time: time, bytes: Array(frame), length: length)
        }
    }
}
