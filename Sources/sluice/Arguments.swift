import API
import ArgumentParser
import Configuration
import Traffic

// What is written on the command line, with errors that say what was expected.

func parsePrefix(_ text: String) throws -> Prefix {
    guard let prefix = Prefix(text) else {
        throw ValidationError(
            "`\(text)` is neither an address nor a prefix; expected such as 192.0.2.7 or 2001:db8::/32")
    }
    return prefix
}

func parseAddress(_ text: String) throws -> Address {
    guard let address = Address(text) else {
        let what = Prefix(text) == nil ? "no address" : "a prefix"
        throw ValidationError("`\(text)` is \(what); expected one address such as 192.0.2.7 or 2001:db8::7")
    }
    return address
}

func parseDuration(_ text: String) throws -> Duration {
    guard let duration = Duration(text), duration > .zero else {
        throw ValidationError("`\(text)` is no duration; expected such as 90s, 10m, 1h30m or 7d")
    }
    return duration
}

/// A time, or how long ago: `2026-03-01T12:00:00Z`, `1h`.
func parseSince(_ text: String) throws -> Timestamp {
    if let time = Timestamp(rfc3339: text) { return time }
    guard let duration = Duration(text) else {
        throw ValidationError("`\(text)` is no time; expected such as 1h (ago) or 2026-03-01T12:00:00Z")
    }
    return .now - duration
}

func parseLimit(_ text: String) throws -> Int {
    guard let limit = Int(text), (1...10_000).contains(limit) else {
        throw ValidationError("`\(text)` is no count; expected a number from 1 to 10000")
    }
    return limit
}
