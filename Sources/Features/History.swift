import RealModule
import Traffic

/// What is remembered of one entity beyond the window.
struct History {
    /// The quantities that are summed with decay, as lanes of the vectors below; the first three are what each flow adds to.
    enum Quantity: Int {
        case packets, bytes, bytesBack
        case newFlows, unanswered, resetsReceived, novel, dnsBytes, dnsExcess, icmpExcess, closes
        /// Services tried for the first time that refused or did not answer.
        case failedServices
        /// Queries of DNS, and those of them that are longer than names are.
        case dnsQueries, longQueries
    }

    var prefix: Prefix
    var born: Int64
    var updated: Int64

    /// Decayed sums over 10, 60 and 600 s: S = S * exp(-dt / span) + x.
    var sums10 = SIMD16<Float>()
    var sums60 = SIMD16<Float>()
    var sums600 = SIMD16<Float>()

    init(prefix: Prefix, now: Int64) {
        self.prefix = prefix
        born = now
        updated = now
    }

    /// Decays the sums to `now` and adds what is pending.
    mutating func bring(to now: Int64, adding amounts: SIMD16<Float>, decays: inout Decays) {
        decays.set(nanoseconds: now - updated)
        var pending = amounts
        // An excess of one reading is not made up for by short packets in another.
        pending[Quantity.dnsExcess.rawValue] = max(0, pending[Quantity.dnsExcess.rawValue])
        pending[Quantity.icmpExcess.rawValue] = max(0, pending[Quantity.icmpExcess.rawValue])
        sums10 = sums10 * decays.factors.0 + pending
        sums60 = sums60 * decays.factors.1 + pending
        sums600 = sums600 * decays.factors.2 + pending
        updated = max(updated, now)
    }

    /// The sum over 60 s, with what the window adds; 0 where less than half its share fell into the last 10 s: it is over.
    func ongoing(_ quantity: Quantity, with newest: Double = 0) -> Double {
        let (recent, all) = (
            Double(sums10[quantity.rawValue]) + newest, Double(sums60[quantity.rawValue]) + newest
        )
        return recent / 10 >= all / 60 / 2 ? all : 0
    }

    /// Means of two quantities per second over the last ten minutes, or since it was born, without the newest window.
    func meanRates(
        of first: Quantity, without recent: Float, and second: Quantity, without recentSecond: Float,
        at now: Int64
    ) -> (Float, Float) {
        let age = min(600, Float(now - born) / 1e9)
        let length: Float = age < 1 ? 1 : 600 * (1 - .exp(-age / 600))
        return (
            max(0, sums600[first.rawValue] - recent) / length,
            max(0, sums600[second.rawValue] - recentSecond) / length
        )
    }

    /// Those seen last and most stay longest: each doubling of packets, these too, is worth 20 s.
    func worth(_ recent: Float) -> Int64 {
        let packets = sums600[Quantity.packets.rawValue] + recent
        return updated / 1_000_000_000 + Int64(20 * Float.log2(1 + packets))
    }
}

/// What was counted of one entity since its history was brought up to date, but for what each flow adds to.
struct Ledger {
    /// By `History.Quantity`.
    var pending = SIMD16<Float>()
}
