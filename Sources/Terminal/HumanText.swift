// Numbers as people read them.

extension BinaryInteger {
    /// With a comma between thousands: `1,234,567`.
    package var grouped: String {
        let digits = "\(magnitude)"
        var result = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return (self < 0 ? "-" : "") + result
    }
}

extension Double {
    /// Rounded to a whole number, with commas; `-` for what is no number.
    package var grouped: String {
        guard isFinite, abs(self) < 1e18 else { return "-" }
        return Int64(rounded()).grouped
    }

    /// Three significant digits or so: `0.0042`, `0.01`, `3.14`, `31.4`, `1,234`.
    package var short: String {
        guard isFinite, abs(self) < 1e18 else { return "-" }
        let size = abs(self)
        if size >= 100 || self == rounded() { return grouped }
        if size >= 0.1 { return decimal(places: size >= 10 ? 1 : 2) }
        var text = decimal(places: 4)
        while text.hasSuffix("0"), text != "0.00" { text.removeLast() }
        return text
    }

    /// With exactly so many digits behind the point.
    package func decimal(places: Int) -> String {
        guard isFinite, abs(self) < 1e12 else { return "-" }
        let scale = (0..<places).reduce(Int64(1)) { power, _ in power * 10 }
        let scaled = Int64((abs(self) * Double(scale)).rounded())
        let fraction = "\(scaled % scale)"
        let zeros = String(repeating: "0", count: Swift.max(0, places - fraction.count))
        let sign = self < 0 && scaled > 0 ? "-" : ""
        return sign + (scaled / scale).grouped + (places > 0 ? "." + zeros + fraction : "")
    }

    /// A share, 0...1, as per cent: `62.5 %`, `99.98 %`.
    package var percent: String {
        guard isFinite else { return "-" }
        // 99.996 % must not look like all.
        let shown = self < 1 ? Swift.min(self * 100, 99.99) : self * 100
        if shown == shown.rounded() { return "\(shown.grouped) %" }
        return shown.decimal(places: shown >= 99 ? 2 : 1) + " %"
    }

    /// A count of bytes in decimal units: `1.2 MB`.
    package var bytes: String {
        guard isFinite, self >= 0 else { return "-" }
        var value = self
        var unit = "B"
        for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] where value >= 999.5 {
            value /= 1000
            unit = larger
        }
        return (unit == "B" || value >= 99.5 ? value.grouped : value.decimal(places: 1)) + " " + unit
    }

    /// Seconds as the two largest units that say something: `9m 40s`, `3d 2h`, `0.2s`.
    package var duration: String {
        guard isFinite, self < 1e12 else { return "-" }
        if self < 10 { return Swift.max(0, self).decimal(places: 1) + "s" }
        let seconds = Int64(rounded())
        let units: [(String, Int64)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
        guard let first = units.firstIndex(where: { seconds >= $0.1 }) else { return "0s" }
        let (name, size) = units[first]
        let rest = seconds % size
        guard first + 1 < units.count, rest / units[first + 1].1 > 0 else {
            return "\(seconds / size)\(name)"
        }
        return "\(seconds / size)\(name) \(rest / units[first + 1].1)\(units[first + 1].0)"
    }
}

/// `1 ban`, `2 bans`: the count with commas, and the word in the plural but for one.
package func counted(_ count: some BinaryInteger, _ singular: String, _ plural: String? = nil) -> String {
    "\(count.grouped) " + (count == 1 ? singular : plural ?? singular + "s")
}
