import Yams

/// One key of the configuration file.
struct Key: Sendable {
    /// Dotted: `bans.duration`.
    let path: String
    let documentation: String
    /// Puts the value of a node into the configuration, or says what is wrong with it, and where.
    let read:
        @Sendable (_ node: Node, _ configuration: inout Configuration, _ problems: inout [Problem]) -> Void
    /// The value as YAML.
    let write: @Sendable (Configuration) -> String
    /// Puts the value of one configuration into another.
    let copy: @Sendable (_ from: Configuration, _ to: inout Configuration) -> Void
    let shape: Shape
    let choices: [String]
    let isList: Bool

    /// As JSON Schema.
    var schema: [String: Any] {
        let value: [String: Any] = choices.isEmpty ? shape.json : ["type": "string", "enum": choices]
        return isList ? ["type": "array", "items": value, "uniqueItems": true] : value
    }

    var section: String? {
        let parts = path.split(separator: ".")
        return parts.count == 2 ? String(parts[0]) : nil
    }

    /// The last part of the path.
    var name: String { path.split(separator: ".").last.map(String.init) ?? path }

    /// A key with one value.
    init<Value>(
        _ path: String, _ member: any WritableKeyPath<Configuration, Value> & Sendable, _ kind: Kind<Value>,
        _ documentation: String
    ) {
        self.path = path
        self.documentation = documentation
        read = { node, configuration, problems in
            if let value = kind.value(of: node, as: path, &problems) {
                configuration[keyPath: member] = value
            }
        }
        write = { kind.write($0[keyPath: member]) }
        copy = { $1[keyPath: member] = $0[keyPath: member] }
        (shape, choices, isList) = (kind.shape, kind.choices, false)
    }

    /// A key with a list of values, each at most once.
    init<Value: Hashable>(
        _ path: String, _ member: any WritableKeyPath<Configuration, [Value]> & Sendable,
        listOf kind: Kind<Value>,
        _ documentation: String
    ) {
        self.path = path
        self.documentation = documentation
        read = { node, configuration, problems in
            if let values = kind.values(of: node, as: path, &problems) {
                configuration[keyPath: member] = values
            }
        }
        copy = { $1[keyPath: member] = $0[keyPath: member] }
        (shape, choices, isList) = (kind.shape, kind.choices, true)
        write = { "[" + $0[keyPath: member].map(kind.write).joined(separator: ", ") + "]" }
    }
}

extension Kind where Value: Hashable {
    /// The values of a list, each at most once, or `nil` and a problem if it is none.
    func values(of node: Node, as subject: String, _ problems: inout [Problem]) -> [Value]? {
        guard case .sequence(let sequence) = node else {
            problems.append(Problem(node.mark, "\(subject) must be a list, each item \(expectation)"))
            return nil
        }
        var values: [Value] = []
        for item in sequence {
            guard let value = value(of: item, as: "each item of \(subject)", &problems) else { continue }
            if values.contains(value) {
                problems.append(Problem(item.mark, "\(subject) has \(write(value)) twice"))
            } else {
                values.append(value)
            }
        }
        return values
    }
}

extension Kind {
    /// The value of a scalar node, or `nil` and a problem; `subject` is what the node is the value of.
    func value(of node: Node, as subject: String, _ problems: inout [Problem]) -> Value? {
        guard case .scalar(let scalar) = node else {
            problems.append(Problem(node.mark, "\(subject) must be \(expectation)"))
            return nil
        }
        if let value = read(scalar.string) { return value }
        let found = scalar.string.isEmpty ? "nothing" : "`\(scalar.string)`"
        problems.append(
            Problem(
                scalar.mark,
                "\(subject) must be \(expectation), not \(found)"
                    + suggestion(for: scalar.string, among: choices)))
        return nil
    }
}
