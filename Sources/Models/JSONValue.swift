/// As much of JSON (RFC 8259) as the header of a model file needs.
enum JSONValue: Hashable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    /// Whole numbers only.
    case number(Int)

    var members: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int? { if case .number(let number) = self { number } else { nil } }

    /// JSON text, with the members of objects in order of their names.
    var serialized: String {
        switch self {
        case .object(let members):
            let parts = members.sorted { $0.key < $1.key }.map {
                JSONValue.string($0.key).serialized + ":" + $0.value.serialized
            }
            return "{" + parts.joined(separator: ",") + "}"
        case .array(let elements):
            return "[" + elements.map(\.serialized).joined(separator: ",") + "]"
        case .string(let text):
            return "\"" + text.unicodeScalars.map(Self.escaped).joined() + "\""
        case .number(let number):
            return String(number)
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\0"..."\u{1F}":
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: return String(scalar)
        }
    }

    /// Reads a text; `nil` if it is not JSON, or has fractions, literals or more than eight levels.
    init?(_ bytes: ArraySlice<UInt8>) {
        var reader = JSONReader(bytes: bytes)
        guard let value = reader.value(depth: 8), reader.isAtEnd else { return nil }
        self = value
    }
}

private struct JSONReader {
    var bytes: ArraySlice<UInt8>

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return bytes.isEmpty
        }
    }

    private mutating func skipSpace() {
        while let byte = bytes.first, byte == 0x20 || (0x09...0x0A).contains(byte) || byte == 0x0D {
            bytes = bytes.dropFirst()
        }
    }

    private mutating func take(_ character: Character) -> Bool {
        skipSpace()
        guard let byte = bytes.first, byte == character.asciiValue else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    mutating func value(depth: Int) -> JSONValue? {
        guard depth > 0 else { return nil }
        if take("{") { return object(depth: depth) }
        if take("[") { return array(depth: depth) }
        skipSpace()
        if bytes.first == UInt8(ascii: "\"") { return string().map { .string($0) } }
        return number()
    }

    private mutating func object(depth: Int) -> JSONValue? {
        var members: [String: JSONValue] = [:]
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard let name = string(), members[name] == nil, take(":"), let value = value(depth: depth - 1)
            else {
                return nil
            }
            members[name] = value
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> JSONValue? {
        var elements: [JSONValue] = []
        if take("]") { return .array(elements) }
        repeat {
            guard let value = value(depth: depth - 1) else { return nil }
            elements.append(value)
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    private mutating func number() -> JSONValue? {
        let digits = bytes.prefix { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        bytes = bytes.dropFirst(digits.count)
        return .number(number)
    }

    private mutating func string() -> String? {
        guard bytes.first == UInt8(ascii: "\"") else { return nil }
        bytes = bytes.dropFirst()
        var content: [UInt8] = []
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                return String(validating: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escape = bytes.popFirst(), let scalar = escaped(escape) else { return nil }
                content += Array(String(scalar).utf8)
            case 0x00...0x1F:
                return nil
            default:
                content.append(byte)
            }
        }
        return nil
    }

    private mutating func escaped(_ byte: UInt8) -> Unicode.Scalar? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let digits = bytes.prefix(4)
            guard digits.count == 4, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
            else {
                return nil
            }
            bytes = bytes.dropFirst(4)
            return Unicode.Scalar(code)  // `nil` for surrogates, which names in our headers never need
        default: return nil
        }
    }
}
