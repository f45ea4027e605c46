import Traffic

/// The shape of a JSON value, as JSON Schema 2020-12 has it.
indirect enum Schema: Sendable {
    case boolean
    case string
    /// Text in a form that `example` shows.
    case text(example: String, format: String?)
    case number
    case integer(from: Int?, through: Int?)
    case words([String])
    case list(Schema)
    /// Any member names, each with such a value.
    case map(Schema)
    case object(name: String, [Member])

    struct Member: Sendable {
        var name: String
        var schema: Schema
        var isRequired: Bool
    }

    static let address = Schema.text(example: "192.0.2.7", format: nil)
    static let prefix = Schema.text(example: "10.0.0.0/8", format: nil)
    static let time = Schema.text(example: "2026-03-01T12:00:00.000Z", format: "date-time")

    static func words<Word: RawRepresentable<String> & CaseIterable>(of type: Word.Type) -> Schema {
        .words(type.allCases.map(\.rawValue))
    }

    /// An object's members; none of anything else.
    var members: [Member] {
        if case .object(_, let members) = self { members } else { [] }
    }

    /// An object's name; empty for anything else.
    var name: String {
        if case .object(let name, _) = self { name } else { "" }
    }

    /// As JSON; objects are references to `components`, which `objects` is to be given a place in.
    var json: [String: Any] {
        switch self {
        case .boolean: ["type": "boolean"]
        case .string: ["type": "string"]
        case .text(let example, let format):
            ["type": "string", "examples": [example]].merging(format.map { ["format": $0] } ?? [:]) { $1 }
        case .number: ["type": "number"]
        case .integer(let least, let most):
            ["type": "integer"].merging(least.map { ["minimum": $0] } ?? [:]) { $1 }
                .merging(most.map { ["maximum": $0] } ?? [:]) { $1 }
        case .words(let words): ["type": "string", "enum": words]
        case .list(let item): ["type": "array", "items": item.json]
        case .map(let value): ["type": "object", "additionalProperties": value.json]
        case .object(let name, _): ["$ref": "#/components/schemas/\(name)"]
        }
    }

    /// This object and all in it, by name, as JSON.
    var objects: [String: Any] {
        switch self {
        case .list(let inner), .map(let inner): return inner.objects
        case .object(let name, let members):
            var result: [String: Any] = [:]
            for member in members { result.merge(member.schema.objects) { $1 } }
            result[name] = [
                "type": "object",
                "properties": Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.schema.json) }),
                "required": members.filter(\.isRequired).map(\.name).sorted(),
            ]
            return result
        case .boolean, .string, .text, .number, .integer, .words: return [:]
        }
    }
}
