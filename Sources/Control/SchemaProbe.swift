import API
import Foundation
import Traffic

extension Schema {
    /// The shape of a document, learned from what its own `init(from:)` asks a decoder for.
    ///
    /// So it cannot differ from what is sent and read. An enumeration of words must be `CaseIterable`.
    init(of type: any Decodable.Type) { self = Self.probe(type).schema }

    /// The shape of a type, and some value of it.
    fileprivate static func probe(_ type: any Decodable.Type) -> (schema: Schema, value: Any?) {
        switch type {
        case is Bool.Type: return (.boolean, false)
        case is String.Type: return (.string, "")
        case is Double.Type: return (.number, 0.0)
        case is Data.Type: return (.text(example: "AQID", format: "byte"), Data())
        case is Address.Type: return (.address, Address(ipv4: 0))
        case is Prefix.Type: return (.prefix, Prefix(Address(ipv4: 0)))
        case is Timestamp.Type: return (.time, Timestamp(nanoseconds: 0))
        case let integer as any (FixedWidthInteger & Decodable).Type: return (bounds(integer), integer.zero)
        case let list as any ListShape.Type: return (.list(Schema(of: list.element)), list.empty)
        case let map as any MapShape.Type: return (.map(Schema(of: map.value)), map.empty)
        case let words as any CaseIterable.Type:
            let all = words.all
            return (.words(all.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }), all.first)
        default:
            let probe = Probe()
            let value = try? type.init(from: probe)
            // `API.StatusReport.Learning` is `StatusReport.Learning` to others.
            let name = String(reflecting: type).split(separator: ".").dropFirst().joined(separator: ".")
            return (.object(name: name, probe.members), value)
        }
    }

    private static func bounds(_ type: any FixedWidthInteger.Type) -> Schema {
        .integer(from: type.isSigned ? nil : 0, through: type.bitWidth < 64 ? type.most : nil)
    }
}

extension FixedWidthInteger {
    fileprivate static var most: Int { Int(clamping: max) }
}

extension CaseIterable {
    fileprivate static var all: [Any] { Array(allCases) }
}

private protocol ListShape {
    static var element: any Decodable.Type { get }
    static var empty: Any { get }
}

extension Array: ListShape where Element: Decodable {
    fileprivate static var element: any Decodable.Type { Element.self }
    fileprivate static var empty: Any { Self() }
}

private protocol MapShape {
    static var value: any Decodable.Type { get }
    static var empty: Any { get }
}

extension Dictionary: MapShape where Key == String, Value: Decodable {
    fileprivate static var value: any Decodable.Type { Value.self }
    fileprivate static var empty: Any { Self() }
}

/// A decoder that has every member it is asked for, and remembers them.
private final class Probe: Decoder {
    var members: [Schema.Member] = []
    /// Members that were asked for with the question whether they are there.
    var optional: Set<String> = []
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedProbe<Key>(probe: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw NoShape() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw NoShape() }
}

/// What was probed is neither an object nor anything that `Schema` knows.
private struct NoShape: Error {}

private struct KeyedProbe<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let probe: Probe
    let codingPath: [any CodingKey] = []
    let allKeys: [Key] = []

    func contains(_ key: Key) -> Bool {
        probe.optional.insert(key.stringValue)
        return true
    }

    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        let name = key.stringValue
        let (schema, value) = Schema.probe(type)
        probe.members.append(
            Schema.Member(name: name, schema: schema, isRequired: !probe.optional.contains(name)))
        guard let value = value as? T else { throw NoShape() }
        return value
    }

    // The protocol wants each of these; all are the generic one.
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try value(key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try value(key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try value(key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try value(key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try value(key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try value(key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try value(key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try value(key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try value(key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try value(key) }

    private func value<T: Decodable>(_ key: Key) throws -> T {
        let decode: (T.Type, Key) throws -> T = decode
        return try decode(T.self, key)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw NoShape() }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw NoShape() }
    func superDecoder() throws -> any Decoder { throw NoShape() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw NoShape() }
}
