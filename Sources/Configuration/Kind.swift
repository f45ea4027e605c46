import Policy
import Traffic

/// A kind of value: how it is written, and which values are taken.
struct Kind<Value: Sendable>: Sendable {
    /// What is expected, to follow "must be": `a duration from 1s to 30d, such as 10m`.
    let expectation: String
    /// All words that are taken, if they are few.
    var choices: [String] = []
    /// For editors.
    var shape = Shape.text(pattern: nil)
    let read: @Sendable (String) -> Value?
    let write: @Sendable (Value) -> String
}

extension Kind where Value: RawRepresentable<String> & CaseIterable {
    static func choice() -> Kind {
        let words = Value.allCases.map(\.rawValue)
        return Kind(
            expectation: "one of " + words.joined(separator: ", "), choices: words,
            read: { Value(rawValue: $0) }, write: \.rawValue)
    }
}

extension Kind<Duration> {
    static func duration(from least: Duration, through most: Duration) -> Kind {
        Kind(
            expectation: "a duration from \(least.text) to \(most.text), such as 90s, 10m or 1h30m",
            shape: .text(pattern: "^([0-9]+(d|h|m|s|ms|us|ns))+$"),
            read: { text in Duration(text).flatMap { (least...most).contains($0) ? $0 : nil } },
            write: { $0.text })
    }
}

extension Kind where Value: FixedWidthInteger {
    static func integer(from least: Value, through most: Value) -> Kind {
        Kind(
            expectation: "a whole number from \(least) to \(most)",
            shape: .integer(from: Int(clamping: least), through: Int(clamping: most)),
            read: { text in Value(text).flatMap { (least...most).contains($0) ? $0 : nil } },
            write: { "\($0)" })
    }
}

extension Kind<Int?> {
    static func automaticOrPowerOfTwo(from least: Int, through most: Int) -> Kind {
        Kind(
            expectation: "auto, or a power of two from \(least) to \(most)",
            shape: .automatic(or: .integer(from: least, through: most)),
            read: { text in
                if text == "auto" { return .some(nil) }
                guard let number = Int(text), (least...most).contains(number), number.nonzeroBitCount == 1
                else { return nil }
                return number
            },
            write: { $0.map { "\($0)" } ?? "auto" })
    }
}

extension Kind<Double> {
    static func number(from least: Double, through most: Double) -> Kind {
        let write: @Sendable (Double) -> String = { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }
        return Kind(
            expectation: "a number from \(write(least)) to \(write(most))",
            shape: .number(from: least, through: most),
            read: { text in Double(text).flatMap { (least...most).contains($0) ? $0 : nil } },
            write: write)
    }
}

extension Kind<Prefix> {
    static var prefix: Kind {
        Kind(
            expectation: "an address or a prefix, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32",
            shape: .text(pattern: "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"),
            read: { Prefix($0)?.unmapped }, write: { "\($0)" })
    }
}

extension Kind<String> {
    /// The name of a network interface, by the kernel's rules (`dev_valid_name`).
    static var interface: Kind {
        Kind(
            expectation: "the name of an interface, such as eth0",
            shape: .text(pattern: "^[^/: ]{1,15}$"),
            read: { text in
                let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/:".utf8.contains($0) }
                return (1...15).contains(text.utf8.count) && isPlain && text != "." && text != ".."
                    ? text : nil
            },
            write: { $0 })
    }

    /// A group of users, as group(5) and the tools that make them have it, or the empty text.
    static var group: Kind {
        Kind(
            expectation: #"the name or number of a group, or "" for none"#,
            read: { text in
                let isPlain = text.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                        || (0x61...0x7A).contains(byte) || "_-.".utf8.contains(byte)
                }
                return isPlain && text.utf8.count <= 32 && !text.hasPrefix("-") ? text : nil
            },
            write: { $0.isEmpty ? #""""# : $0 })
    }

    /// An Ed25519 public key.
    static var publicKey: Kind {
        Kind(
            expectation: "a public key as `sluice model key` prints it, 64 hexadecimal digits",
            read: { text in
                let isKey = text.utf8.count == 64 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
                return isKey ? text.lowercased() : nil
            },
            // Quoted, as one of digits only would be a number to YAML.
            write: { "\"\($0)\"" })
    }

    /// An absolute path of at most `maximum` bytes (a Unix socket's name has room for 107).
    static func path(maximum: Int = 4095) -> Kind {
        Kind(
            expectation: "an absolute path" + (maximum < 4095 ? " of at most \(maximum) bytes" : ""),
            shape: .text(pattern: "^/.*[^/]$"),
            read: { $0.hasPrefix("/") && !$0.hasSuffix("/") && $0.utf8.count <= maximum ? $0 : nil },
            write: { $0 })
    }
}

extension Duration {
    static func days(_ count: Int) -> Duration { .seconds(count * 86400) }
}
