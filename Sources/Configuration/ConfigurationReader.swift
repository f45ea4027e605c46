import Foundation
import Yams

extension Configuration {
    /// Longer files are refused before they are parsed.
    private static let maximumSize = 1 << 20

    /// Reads a configuration file and its drop-ins; keys that they do not mention keep their defaults.
    package init(file: String) throws(ConfigurationError) {
        self = try LoadedConfiguration(file: file).configuration
    }

    /// Reads the text of a configuration file; `file` is its name in errors.
    package init(text: String, file: String) throws(ConfigurationError) {
        self = try LoadedConfiguration(text: text, file: file).configuration
    }

    /// The text of a file, if it can be one of configuration.
    static func text(of file: String) throws(ConfigurationError) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            let reason =
                switch (error as? CocoaError)?.code {
                case .fileReadNoSuchFile: "no such file"
                case .fileReadNoPermission: "permission denied"
                default: error.localizedDescription
                }
            throw ConfigurationError(
                file: file, problems: [Problem(nil, "cannot be read: \(reason)").in(file)])
        }
        guard data.count <= Self.maximumSize, let text = String(data: data, encoding: .utf8) else {
            let message = "is not a configuration: expected UTF-8 text of at most 1 MiB"
            throw ConfigurationError(file: file, problems: [Problem(nil, message).in(file)])
        }
        return text
    }
}

/// One pass over a file: collects values, and every problem rather than the first.
struct ConfigurationReader {
    private(set) var configuration: Configuration
    private(set) var problems: [Problem] = []
    /// Where each key that the file has stands.
    private(set) var marks: [String: Mark] = [:]

    private let keys: [Key]
    /// In front of the names of keys in messages, for a part of a file: `groups.`.
    private let prefix: String
    /// Other words that may stand beside the keys.
    private let others: [String]

    init(
        configuration: Configuration, keys: [Key] = Schema.keys, prefix: String = "", others: [String] = []
    ) {
        self.configuration = configuration
        self.keys = keys
        self.prefix = prefix
        self.others = others
    }

    mutating func read(_ text: String) {
        let root: Node?
        do {
            root = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch {
            problems.append(Problem(yaml: error))
            return
        }
        guard let root, !root.isEmpty else { return }
        guard case .mapping(let mapping) = root else {
            problems.append(Problem(root.mark, "expected `key: value` lines"))
            return
        }
        read(mapping, section: nil)
    }

    mutating func read(_ mapping: Node.Mapping, section: String?) {
        let known = keys.filter { $0.section == section }
        let sections = section == nil ? Set(keys.compactMap(\.section)) : []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                problems.append(Problem(key.mark, "a key must be one word"))
                continue
            }
            let name = scalar.string
            let path = section.map { "\($0).\(name)" } ?? name
            marks[path] = scalar.mark
            if let key = known.first(where: { $0.name == name }) {
                key.read(value, &configuration, &problems)
            } else if sections.contains(name) {
                readSection(name, value)
            } else {
                let words = (known.map(\.name) + sections + (section == nil ? others : [])).sorted()
                let hint = suggestion(for: name, among: words)
                problems.append(
                    Problem(
                        scalar.mark,
                        "unknown key `\(prefix)\(path)`"
                            + (hint.isEmpty ? "; expected one of \(words.joined(separator: ", "))" : hint)))
            }
        }
    }

    private mutating func readSection(_ name: String, _ value: Node) {
        if case .mapping(let inner) = value {
            read(inner, section: name)
        } else if !value.isEmpty {
            let words = keys.filter { $0.section == name }.map(\.name).joined(separator: ", ")
            problems.append(Problem(value.mark, "\(prefix)\(name) must be a section with the keys \(words)"))
        }
    }
}

extension Node {
    /// Whether nothing was written: a file of comments, or a section whose keys are all commented out.
    fileprivate var isEmpty: Bool {
        if case .scalar(let scalar) = self { return scalar.style == .plain && scalar.string.isEmpty }
        return false
    }
}

extension Problem {
    /// What the YAML parser says, in our words where it has none.
    fileprivate init(yaml error: any Error) {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(mark, "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let words = duplicates.map { "`\($0)`" }.joined(separator: ", ")
            self.init(context.mark, "given more than once: \(words)")
        case .reader(let problem, _, _, _):
            self.init(nil, "not valid YAML: \(problem)")
        default:
            self.init(nil, "not valid YAML: \(error)")
        }
    }
}
