import Foundation

/// A JSON object (RFC 8259) that is written member by member; `nil` is left out.
struct JSONText {
    private var text = "{"

    /// All of it.
    var closed: String { text + "}" }

    mutating func add(_ name: StaticString, _ value: (some BinaryInteger)?) {
        if let value { add(name, text: "\(value)") }
    }

    mutating func add(_ name: StaticString, _ value: Bool) { add(name, text: value ? "true" : "false") }

    /// Finite numbers only.
    mutating func add(_ name: StaticString, _ value: Double?) {
        if let value, value.isFinite { add(name, text: "\(value)") }
    }

    mutating func add(_ name: StaticString, _ value: String?) {
        if let value { add(name, text: Self.quoted(value)) }
    }

    /// A value that is JSON already.
    mutating func add(_ name: StaticString, json value: Data) {
        add(name, text: String(decoding: value, as: UTF8.self))
    }

    private mutating func add(_ name: StaticString, text value: String) {
        text += text.utf8.count == 1 ? "\"" : ",\""
        text += name.description
        text += "\":"
        text += value
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy {
            $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        return isPlain ? "\"\(value)\"" : "\"\(value.unicodeScalars.map(escaped).joined())\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\0"..<" ":
            "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2) + String(scalar.value, radix: 16)
        default: String(scalar)
        }
    }
}
