import Traffic
import Yams

extension Key {
    /// The list of interfaces: names, or names with a role (`{name: eth0, role: wan}`).
    init(interfaces path: String, _ documentation: String) {
        self.path = path
        self.documentation = documentation
        read = { node, configuration, problems in
            let expectation = Kind<String>.interface.expectation
            guard case .sequence(let sequence) = node else {
                problems.append(Problem(node.mark, "\(path) must be a list, each item \(expectation)"))
                return
            }
            (configuration.interfaces, configuration.roles) = ([], [:])
            for item in sequence {
                let (name, role) = Self.interface(item, in: path, &problems)
                guard let name else { continue }
                if configuration.interfaces.contains(name) {
                    problems.append(Problem(item.mark, "\(path) has \(name) twice"))
                } else {
                    configuration.interfaces.append(name)
                    configuration.roles[name] = role
                }
            }
        }
        let roles = InterfaceRole.allCases.map(\.rawValue)
        (shape, choices, isList) = (.named(Kind<String>.interface.shape, roles: roles), [], true)
        copy = { ($1.interfaces, $1.roles) = ($0.interfaces, $0.roles) }
        write = { configuration in
            let items = configuration.interfaces.map { name in
                configuration.roles[name].map { "{name: \(name), role: \($0.rawValue)}" } ?? name
            }
            return "[" + items.joined(separator: ", ") + "]"
        }
    }

    private static func interface(
        _ item: Node, in path: String, _ problems: inout [Problem]
    ) -> (name: String?, role: InterfaceRole?) {
        guard case .mapping(let members) = item else {
            return (Kind.interface.value(of: item, as: "each item of \(path)", &problems), nil)
        }
        var (name, role): (String?, InterfaceRole?) = (nil, nil)
        if members["name"] == nil { problems.append(Problem(item.mark, "an item of \(path) has no name")) }
        for (key, value) in members {
            switch key.string {
            case "name": name = Kind.interface.value(of: value, as: "name", &problems)
            case "role": role = Kind<InterfaceRole>.choice().value(of: value, as: "role", &problems)
            default:
                let message = "an item of \(path) has name and role, and nothing else"
                problems.append(Problem(key.mark, message))
            }
        }
        return (name, role)
    }
}
