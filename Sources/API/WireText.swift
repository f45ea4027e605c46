package import Traffic

// How the shared vocabulary is written in JSON.

extension Address: Codable {
    package init(from decoder: any Decoder) throws {
        self = try decoder.parse("an address such as 192.0.2.7 or 2001:db8::7") { Address($0) }
    }

    package func encode(to encoder: any Encoder) throws { try encoder.write(description) }
}

extension Prefix: Codable {
    package init(from decoder: any Decoder) throws {
        self = try decoder.parse("an address or a prefix such as 192.0.2.7 or 10.0.0.0/8") { Prefix($0) }
    }

    package func encode(to encoder: any Encoder) throws { try encoder.write(description) }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        self = try decoder.parse("a time such as 2026-03-01T12:00:00Z") { Timestamp(rfc3339: $0) }
    }

    package func encode(to encoder: any Encoder) throws { try encoder.write(rfc3339) }
}

extension Count: Codable {
    private enum Keys: CodingKey { case packets, bytes }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        self.init(
            packets: try container.decode(UInt64.self, forKey: .packets),
            bytes: try container.decode(UInt64.self, forKey: .bytes))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(packets, forKey: .packets)
        try container.encode(bytes, forKey: .bytes)
    }
}

extension Rule.Origin: Codable {}
extension Feedback: Codable {}
extension View: Codable {}
extension Tier: Codable {}

extension Decoder {
    fileprivate func parse<Value>(_ expectation: String, _ read: (String) -> Value?) throws -> Value {
        let container = try singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = read(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected \(expectation), not `\(text.prefix(64))`")
        }
        return value
    }
}

extension Encoder {
    fileprivate func write(_ text: String) throws {
        var container = singleValueContainer()
        try container.encode(text)
    }
}
