import API
import Foundation

/// JSON as the control socket speaks it.
package enum Wire {
    /// The document as JSON for people and programs to read: indented, keys in alphabetical order.
    package static func text(_ document: some Encodable) throws -> String {
        let encoder = makeEncoder()
        encoder.outputFormatting.insert(.prettyPrinted)
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }

    /// The document as one line of JSON Lines, without its end.
    package static func line(_ document: some Encodable) throws -> String {
        String(decoding: try encode(document), as: UTF8.self)
    }

    /// The values in a document, each with its dotted path (`interfaces.0.name`), in alphabetical order.
    package static func members(of document: some Encodable) throws -> [(path: String, value: String)] {
        func flatten(_ value: Any, _ path: String) -> [(path: String, value: String)] {
            let prefix = path.isEmpty ? "" : path + "."
            switch value {
            case let object as [String: Any]:
                return object.sorted { $0.key < $1.key }.flatMap { flatten($0.value, prefix + $0.key) }
            case let list as [Any]:
                return list.enumerated().flatMap { flatten($0.element, prefix + "\($0.offset)") }
            default: return [(path, "\(value)")]
            }
        }
        return flatten(try JSONSerialization.jsonObject(with: try encode(document)), "")
    }

    static func encode(_ document: some Encodable) throws -> Data { try makeEncoder().encode(document) }

    private static func makeEncoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    /// Reads a document; the error says which member is wrong, and what was expected.
    static func decode<Document: Decodable>(_ type: Document.Type, from data: Data) throws(ControlError)
        -> Document
    {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return try decoder.decode(type, from: data)
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError(.invalid, describe(error))
        }
    }

    private static func describe(_ error: any Error) -> String {
        func member(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "the document" : "`" + path.map(\.stringValue).joined(separator: ".") + "`"
        }
        switch error as? DecodingError {
        case .keyNotFound(let key, let context):
            return "\(member(context.codingPath + [key])) is missing"
        case .typeMismatch(let type, let context):
            return "\(member(context.codingPath)) must be of type \(type)"
        case .valueNotFound(let type, let context):
            return "\(member(context.codingPath)) must be of type \(type)"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            return "the body is not valid JSON"
        case .dataCorrupted(let context):
            return "\(member(context.codingPath)): \(context.debugDescription)"
        default:
            return "\(error)"
        }
    }
}
