import Traffic

extension Duration {
    /// Largest first; `text` uses those that people use.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]

    /// Reads `10m`, `24h`, `200ms`, `1h30m`: whole numbers, each with a unit (d, h, m, s, ms, us, ns), larger
    /// units first; `nil` for anything else, and for what does not fit in 292 years.
    package init?(_ text: String) {
        var rest = text[...]
        var total: Int64 = 0
        var next = 0
        guard !text.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isWholeNumber }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let number = Int64(digits),
                let unit = Self.units.indices.first(where: { $0 >= next && Self.units[$0].name == name })
            else { return nil }
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: Self.units[unit].nanoseconds)
            let (sum, overflows) = total.addingReportingOverflow(product)
            guard !isTooLarge, !overflows else { return nil }
            total = sum
            next = unit + 1
        }
        self = .nanoseconds(total)
    }

    /// As `init(_:)` reads it, in as few units as possible: `24h`, `1h30m`, `200ms`.
    ///
    /// Days only when they come out even and are more than one.
    package var text: String {
        var rest = nanoseconds
        guard rest > 0 else { return "0s" }
        var result = ""
        for (name, size) in Self.units {
            if name == "d", rest % size != 0 || rest == size { continue }
            if rest >= size { result += "\(rest / size)\(name)" }
            rest %= size
        }
        return result
    }
}
