import Foundation

/// What values of a kind look like, for editors; reading them checks more.
indirect enum Shape: Sendable {
    case text(pattern: String?)
    case integer(from: Int, through: Int)
    case number(from: Double, through: Double)
    /// The word "auto", or such a value.
    case automatic(or: Shape)

    /// An item of `groups`.
    case group

    /// A name of this shape, or an object with such a `name` and one of these words as `role`.
    case named(Shape, roles: [String])

    /// As JSON Schema.
    var json: [String: Any] {
        switch self {
        case .text(let pattern?): ["type": "string", "pattern": pattern]
        case .text(nil): ["type": "string"]
        case .integer(let least, let most): ["type": "integer", "minimum": least, "maximum": most]
        case .automatic(let shape): ["anyOf": [["const": "auto"], shape.json]]
        case .named(let shape, let roles):
            [
                "anyOf": [
                    shape.json,
                    [
                        "type": "object", "required": ["name"], "additionalProperties": false,
                        "properties": ["name": shape.json, "role": ["type": "string", "enum": roles]],
                    ] as [String: Any],
                ]
            ]
        case .group: Self.groupJSON
        case .number(let least, let most): ["type": "number", "minimum": least, "maximum": most]
        }
    }
}

extension Schema {
    /// Keys as the properties of an object, those of a section in one of their own.
    static func properties(of keys: [Key], _ schema: (Key) -> [String: Any]) -> [String: Any] {
        var sections: [String: [String: Any]] = [:]
        for key in keys { sections[key.section ?? "", default: [:]][key.name] = schema(key) }
        var properties = sections.removeValue(forKey: "") ?? [:]
        for (name, keys) in sections {
            properties[name] =
                ["type": ["object", "null"], "properties": keys, "additionalProperties": false]
                as [String: Any]
        }
        return properties
    }
}

extension Configuration {
    /// JSON Schema (2020-12) of the configuration file, for editors.
    package static var jsonSchema: String {
        get throws {
            let properties = Schema.properties(of: Schema.keys) { key in
                var value = key.schema
                let words = key.documentation.split(separator: "\n").joined(separator: " ")
                value["description"] =
                    words + (Schema.reloadable.contains(key.path) ? "" : " A change needs a restart.")
                return value
            }
            let schema: [String: Any] = [
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "Configuration of Sluice", "type": ["object", "null"], "properties": properties,
                "additionalProperties": false,
            ]
            let data = try JSONSerialization.data(
                withJSONObject: schema, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            return String(decoding: data, as: UTF8.self)
        }
    }
}
