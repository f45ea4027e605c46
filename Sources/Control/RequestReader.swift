import API
import Foundation

/// Reads what is asked for out of path, query and body, with errors that say what was expected.
struct RequestReader<Request: Codable & Sendable>: Sendable {
    let method: Method
    let path: [String]
    let members: [Schema.Member]

    func read(_ request: HTTPRequest) throws(ControlError) -> Request {
        var values: [String: Any] = [:]
        for (segment, name) in zip(request.path.dropFirst(), path) where name.hasPrefix("{") {
            let name = String(name.dropFirst().dropLast())
            values[name] = try value(segment, of: name)
        }
        let inQuery = method == .get ? members.map(\.name).filter { !path.contains("{\($0)}") } : []
        for (name, text) in request.query.sorted(by: { $0.key < $1.key }) {
            guard inQuery.contains(name) else {
                let expected = inQuery.isEmpty ? "none" : inQuery.sorted().joined(separator: ", ")
                throw ControlError(.invalid, "unknown parameter `\(name)`", hint: "expected: \(expected)")
            }
            values[name] = try value(text, of: name)
        }
        let result: Request
        if method == .post, values.isEmpty, !members.isEmpty {
            result = try Wire.decode(Strict<Request>.self, from: request.body).document
        } else {
            if method == .post, !members.isEmpty {
                let object = try? JSONSerialization.jsonObject(with: request.body) as? [String: Any]
                guard let object else { throw ControlError(.invalid, "the body is not a JSON object") }
                values.merge(object) { inPath, _ in inPath }
            }
            // Of texts and numbers, which cannot fail to be encoded.
            let data = (try? JSONSerialization.data(withJSONObject: values)) ?? Data()
            result = try Wire.decode(Strict<Request>.self, from: data).document
        }
        try (result as? any CheckedRequest)?.check()
        return result
    }

    private func value(_ text: String, of name: String) throws(ControlError) -> Any {
        switch members.first(where: { $0.name == name })?.schema {
        case .integer:
            guard let number = Int64(text) else {
                throw ControlError(.invalid, "`\(name)` must be a whole number, not `\(text)`")
            }
            return number
        case .words(let words) where !words.contains(text):
            throw ControlError(
                .invalid, "`\(name)` must be one of \(words.joined(separator: ", ")), not `\(text)`")
        default: return text
        }
    }
}

/// A document that may have the members of its type only: a misspelt `duration` must not become a ban for ever.
private struct Strict<Document: Decodable>: Decodable {
    let document: Document

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let known = Set(Schema(of: Document.self).members.map(\.name))
        let given = try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue)
        if let unknown = given.sorted().first(where: { !known.contains($0) }) {
            throw ControlError(
                .invalid, "unknown member `\(unknown)`",
                hint: "expected: \(known.sorted().joined(separator: ", "))")
        }
        document = try Document(from: decoder)
    }
}
