package import Traffic

// RFC 3339, section 5.6. Conversion between days and dates by H. Hinnant, "chrono-compatible low-level date
// algorithms" (2013): years are counted from March, so that the leap day is the last.
extension Timestamp {
    /// `2026-03-01T12:00:00.123456789Z`; the fraction has three, six or nine digits.
    package var rfc3339: String {
        let (seconds, fraction) = nanoseconds.floorDivided(by: 1_000_000_000)
        let (days, second) = seconds.floorDivided(by: 86400)
        let (year, month, day) = Self.date(fromDays: days)
        let time = [second / 3600, second / 60 % 60, second % 60].map { $0.padded(2) }.joined(separator: ":")
        var digits = fraction.padded(9)
        while digits.count > 3, digits.hasSuffix("000") { digits.removeLast(3) }
        return "\(year.padded(4))-\(month.padded(2))-\(day.padded(2))T\(time).\(digits)Z"
    }

    /// Reads a time with `Z` or an offset, and a fraction of any length (cut at nanoseconds); else `nil`.
    package init?(rfc3339 text: String) {
        var scanner = Scanner(rest: text.utf8[...])
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2),
            scanner.skip("-"),
            let day = scanner.number(2), scanner.skip("T", "t", " "), let hour = scanner.number(2),
            scanner.skip(":"),
            let minute = scanner.number(2), scanner.skip(":"), let second = scanner.number(2),
            let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.rest.isEmpty,
            (1678...2261).contains(year), (1...12).contains(month), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Self.days(fromYear: year, month: month, day: day)
        guard day >= 1, Self.date(fromDays: days) == (year, month, day) else { return nil }
        let seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset
        self.init(nanoseconds: seconds * 1_000_000_000 + fraction)
    }

    private static func date(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).floorDivided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).floorDivided(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Takes a time apart from the left.
private struct Scanner {
    var rest: Substring.UTF8View

    mutating func skip(_ choices: Character...) -> Bool {
        guard let first = rest.first, choices.contains(where: { $0.asciiValue == first }) else {
            return false
        }
        rest.removeFirst()
        return true
    }

    /// Exactly this many digits.
    mutating func number(_ count: Int) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest.removeFirst(count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Nanoseconds of `.123`; 0 if there is no point.
    mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return nil }
        rest.removeFirst(digits.count)
        let padded = Array(digits.prefix(9)) + Array(repeating: 0x30, count: max(0, 9 - digits.count))
        return padded.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Seconds of `Z` or `+01:00`.
    mutating func offset() -> Int64? {
        if skip("Z", "z") { return 0 }
        let isNegative = rest.first == UInt8(ascii: "-")
        guard skip("+", "-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24,
            minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (isNegative ? -60 : 60)
    }
}

extension Int64 {
    /// Quotient rounded down, and a remainder that is never negative.
    fileprivate func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    fileprivate func padded(_ width: Int) -> String {
        let digits = "\(self)"
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
