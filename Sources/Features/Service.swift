import RealModule

/// A service's slot, and the serial that tells whether it still is the same service.
struct ServiceReference {
    var slot: Int32
    var serial: UInt32
    static let none = ServiceReference(slot: -1, serial: 0)
}

/// How often one source turned to one (destination, port, protocol).
struct Service {
    /// Names this occupation of the slot.
    var serial: UInt32 = 0
    /// Protocol and port.
    var number: UInt32 = 0
    /// Time when it was first turned to, of the last start of a flow, and of the last decay; nanoseconds.
    var born: Int64
    var lastStart: Int64
    var updated: Int64
    /// Decayed counts of new flows over 60 and 600 s.
    var count60: Float = 0
    var count600: Float = 0
    /// Those among them whose caller was proven.
    var proven60: Float = 0
    var proven600: Float = 0
    /// Number, mean and variance of the gaps between starts, in seconds.
    var gaps: Float = 0
    var meanGap: Float = 0
    var gapVariance: Float = 0
    /// Open connections that were not served a byte yet.
    var unserved: Float = 0
    /// Gaps in a row that hardly differed, and when the first began.
    var evenGaps: Float = 0
    var evenSince: Int64 = 0
    /// A run of even gaps that began soon after the watch did has lasted for minutes: it was always so.
    var isHabit = false
    /// A connection to it was established.
    var wasOpened = false
    /// Number of connections that ended, mean and variance of the bytes sent in them, and of those that came back.
    var ended: Float = 0
    var meanBytes: Float = 0
    var bytesVariance: Float = 0
    var meanAnswer: Float = 0
    var answerVariance: Float = 0

    @inline(__always)
    mutating func decay(to now: Int64, by decays: Decays) {
        count60 *= decays.factors.1
        count600 *= decays.factors.2
        proven60 *= decays.factors.1
        proven600 *= decays.factors.2
        unserved *= decays.factors.2
        updated = now
    }

    /// A flow to the service began.
    mutating func begin(at start: Int64, isFirst: Bool) {
        count60 += 1
        count600 += 1
        let gap = Float(start - lastStart) / 1e9
        let previous = lastStart
        lastStart = max(lastStart, start)
        // Starts closer than 50 ms are one act (a browser opens several connections at once).
        guard !isFirst, gap > 0.05 else { return }
        if abs(gap - meanGap) <= 0.35 * meanGap {
            evenGaps += 1
        } else {
            (evenGaps, evenSince) = (0, previous)
        }
        let weight = max(0.1, 1 / (gaps + 1))
        let error = gap - meanGap
        meanGap += weight * error
        gapVariance = (1 - weight) * (gapVariance + weight * error * error)
        gaps += 1
    }

    /// A flow to the service was found to be of one who receives what is sent to him.
    mutating func prove() {
        proven60 += 1
        proven600 += 1
    }

    /// The share of the flows of late that were proven, over the span in which it is less, 0...100.
    var provenPercent: UInt8 {
        let share = min(proven60 / max(count60, 0.01), proven600 / max(count600, 0.01))
        return UInt8(max(0, min(100, share * 100)))
    }

    /// A connection to the service ended, after the source had sent so much and got so much.
    mutating func end(after bytes: UInt32, answered answer: UInt32) {
        let weight = max(0.1, 1 / (ended + 1))
        let error = Float(bytes) - meanBytes
        meanBytes += weight * error
        bytesVariance = (1 - weight) * (bytesVariance + weight * error * error)
        let answerError = Float(answer) - meanAnswer
        meanAnswer += weight * answerError
        answerVariance = (1 - weight) * (answerVariance + weight * answerError * answerError)
        ended += 1
    }

    /// Whether all connections of late sent nearly the same number of bytes: a program that repeats itself.
    ///
    /// Measured: password guessers and beacons vary by 3 to 9 %, browsers and devices by 13 % and more.
    var areAlike: Bool { ended >= 5 && bytesVariance.squareRoot() <= 0.1 * meanBytes }

    /// Whether all of them were also answered in nearly the same few words, as those whose password is wrong are.
    ///
    /// A refusal is a line or a short page, behind TLS with the certificates before it; contents are longer.
    var areRefusedAlike: Bool {
        areAlike && meanAnswer <= 10_000 && answerVariance.squareRoot() <= 0.1 * meanAnswer
    }

    /// Whether connections so far were opened and closed, no more: a monitor that looks whether somebody is there.
    ///
    /// Five packets without data are 438 bytes at most (IPv6, with TCP timestamps); two lines of a login make more.
    var isOnlyProbed: Bool { ended >= 3 && meanBytes <= 450 }

    /// For how many seconds it has been told something as evenly as by a clock, in always the same way; 0 before ten gaps.
    var steadySeconds: Float {
        guard areAlike, !isOnlyProbed, evenGaps >= 10 else { return 0 }
        return Float(max(0, lastStart - evenSince)) / 1e9
    }

    /// High when starts are as regular as a clock's: ln(1 + min(n, 60)) * max(0, 1 - CV), from five gaps on.
    var regularity: Float {
        guard gaps >= 5 else { return 0 }
        let variation = gapVariance.squareRoot() / max(0.001, meanGap)
        return .log(onePlus: min(gaps, 60)) * max(0, 1 - variation)
    }

    /// Remembers a run of even gaps that was there when the watch began, or five minutes later.
    mutating func noteHabit(began: Int64) {
        if steadySeconds >= 240, evenSince - began <= 300_000_000_000 { isHabit = true }
    }

    /// Services turned to often stay longer.
    var worth: Int64 { updated / 1_000_000_000 + Int64(60 * min(count600, 60)) }
}
