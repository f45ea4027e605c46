import Traffic
import Yams

extension Key {
    /// The list of policy groups: each a name, what traffic it is for, and keys with other values for it.
    init(groups path: String, _ documentation: String) {
        self.path = path
        self.documentation = documentation
        read = { node, configuration, problems in
            guard case .sequence(let sequence) = node else {
                problems.append(Problem(node.mark, "\(path) must be a list, each item a group with a name"))
                return
            }
            configuration.groups = []
            for item in sequence {
                guard let group = Self.group(item, in: path, &problems) else { continue }
                if configuration.groups.contains(where: { $0.traffic.name == group.traffic.name }) {
                    problems.append(Problem(item.mark, "\(path) has \(group.traffic.name) twice"))
                } else {
                    configuration.groups.append(group)
                }
            }
        }
        write = { "[" + $0.groups.map(\.text).joined(separator: ", ") + "]" }
        copy = { $1.groups = $0.groups }
        (shape, choices, isList) = (.group, [], true)
    }

    private static func group(
        _ item: Node, in path: String, _ problems: inout [Problem]
    ) -> Configuration.Group? {
        guard case .mapping(let members) = item else {
            problems.append(Problem(item.mark, "each item of \(path) must be a group with a name"))
            return nil
        }
        var reader = ConfigurationReader(
            configuration: Configuration(), keys: Schema.groupKeys, prefix: "\(path).",
            others: ["name", "protects", "interfaces", "roles", "model"])
        var traffic = TrafficGroup(name: "")
        var others = members
        for (key, value) in members {
            let name = key.string ?? ""
            let subject = "\(path).\(name)"
            switch name {
            case "name":
                traffic.name = Kind.groupName.value(of: value, as: subject, &problems) ?? "?"
            case "protects":
                traffic.protects = Kind.prefix.values(of: value, as: subject, &problems) ?? []
            case "interfaces":
                traffic.interfaces = Kind.interface.values(of: value, as: subject, &problems) ?? []
            case "roles":
                traffic.roles = Kind<InterfaceRole>.choice().values(of: value, as: subject, &problems) ?? []
            case "model":
                let model = Kind<GroupModel>.choice().value(of: value, as: subject, &problems)
                traffic.hasOwnModel = model == .own
            default: continue
            }
            others[key] = nil
        }
        if members["name"] == nil { problems.append(Problem(item.mark, "an item of \(path) has no name")) }
        if members["protects"] == nil, members["interfaces"] == nil, members["roles"] == nil {
            let message = "a group must say what it is for: protects, interfaces or roles"
            problems.append(Problem(item.mark, message))
        }
        reader.read(others, section: nil)
        problems += reader.problems
        return Configuration.Group(
            traffic: traffic, own: reader.configuration,
            given: Set(Schema.groupKeys.map(\.path)).intersection(reader.marks.keys))
    }
}

/// Which model judges a group: the one of all that have none of their own, or one that learns from the group alone.
private enum GroupModel: String, CaseIterable { case shared, own }

extension Configuration.Group {
    /// As YAML, in one line.
    fileprivate var text: String {
        var parts = ["name: \(traffic.name)"]
        func add(_ name: String, _ values: [String]) {
            if !values.isEmpty { parts.append("\(name): [\(values.joined(separator: ", "))]") }
        }
        add("protects", traffic.protects.map(\.description))
        add("interfaces", traffic.interfaces)
        add("roles", traffic.roles.map(\.rawValue))
        if traffic.hasOwnModel { parts.append("model: \(GroupModel.own.rawValue)") }
        let keys = Schema.groupKeys.filter { given.contains($0.path) }
        parts += keys.filter { $0.section == nil }.map { "\($0.name): \($0.write(own))" }
        for section in Set(keys.compactMap(\.section)).sorted() {
            let values = keys.filter { $0.section == section }.map { "\($0.name): \($0.write(own))" }
            parts.append("\(section): {\(values.joined(separator: ", "))}")
        }
        return "{" + parts.joined(separator: ", ") + "}"
    }
}

extension Kind<String> {
    /// A word that needs no quotes in a shell.
    fileprivate static var groupName: Kind {
        Kind(
            expectation: "a word of letters, digits, - and _, of at most 32",
            shape: .text(pattern: "^[A-Za-z][A-Za-z0-9_-]{0,31}$"),
            read: { text in
                let isPlain = text.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                        || (0x61...0x7A).contains(byte) || "-_".utf8.contains(byte)
                }
                guard let first = text.first, first.isLetter else { return nil }
                return isPlain && text.utf8.count <= 32 ? text : nil
            },
            write: { $0 })
    }
}

extension Shape {
    /// An item of `groups`.
    static var groupJSON: [String: Any] {
        func list(_ shape: [String: Any]) -> [String: Any] {
            ["type": "array", "minItems": 1, "uniqueItems": true, "items": shape]
        }
        var properties = Schema.properties(of: Schema.groupKeys) { $0.schema }
        properties["name"] = Kind<String>.groupName.shape.json
        properties["protects"] = list(Kind<Prefix>.prefix.shape.json)
        properties["interfaces"] = list(Kind<String>.interface.shape.json)
        properties["roles"] = list(["type": "string", "enum": InterfaceRole.allCases.map(\.rawValue)])
        properties["model"] = Kind<GroupModel>.choice().shape.json
        return [
            "type": "object", "required": ["name"], "additionalProperties": false, "properties": properties,
            "anyOf": ["protects", "interfaces", "roles"].map { ["required": [$0]] },
        ]
    }
}
