import RealModule

/// How often one source turned to one (destination, port, protocol).
struct Service {
    /// Time of the last start of a flow, and of the last decay; nanoseconds.
    var lastStart: Int64
    var updated: Int64
    /// Decayed counts of new flows over 60 and 600 s.
    var count60: Float = 0
    var count600: Float = 0
    /// Number, mean and variance of the gaps between starts, in seconds.
    var gaps: Float = 0
    var meanGap: Float = 0
    var gapVariance: Float = 0
    /// Open connections that were not served a byte yet.
    var unserved: Float = 0

    mutating func decay(to now: Int64, by decays: Decays) {
        guard now > updated else { return }
        count60 *= decays.factors.1
        count600 *= decays.factors.2
        unserved *= decays.factors.2
        updated = now
    }

    /// A flow to the service began.
    mutating func begin(at start: Int64, isFirst: Bool) {
        count60 += 1
        count600 += 1
        let gap = Float(start - lastStart) / 1e9
        lastStart = max(lastStart, start)
        // Starts closer than 50 ms are one act (a browser opens several connections at once).
        guard !isFirst, gap > 0.05 else { return }
        let weight = max(0.1, 1 / (gaps + 1))
        let error = gap - meanGap
        meanGap += weight * error
        gapVariance = (1 - weight) * (gapVariance + weight * error * error)
        gaps += 1
    }

    /// High when starts are as regular as a clock's: ln(1 + min(n, 60)) * max(0, 1 - CV), from five gaps on.
    var regularity: Float {
        guard gaps >= 5 else { return 0 }
        let variation = gapVariance.squareRoot() / max(0.001, meanGap)
        return .log(onePlus: min(gaps, 60)) * max(0, 1 - variation)
    }

    /// Services turned to often stay longer.
    static func worth(_ service: Service) -> Int64 {
        service.updated / 1_000_000_000 + Int64(60 * min(service.count600, 60))
    }
}
