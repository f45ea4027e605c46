import Foundation
import Yams

/// A configuration, and where each of its values is from.
package struct LoadedConfiguration: Hashable, Sendable {
    /// Where a value is from.
    package enum Origin: Hashable, Sendable, CustomStringConvertible {
        /// No file and no flag has it.
        case standard
        case file(String, line: Int, isDropIn: Bool)
        case flag(String)

        /// `default`, `file PATH:LINE`, `drop-in PATH:LINE`, `flag --mode`.
        package var description: String {
            switch self {
            case .standard: "default"
            case .file(let path, let line, let isDropIn): "\(isDropIn ? "drop-in" : "file") \(path):\(line)"
            case .flag(let name): "flag \(name)"
            }
        }
    }

    /// One key with its value.
    package struct Setting: Hashable, Sendable {
        /// Dotted: `bans.duration`.
        package let key: String
        /// As YAML.
        package let value: String
        package let origin: Origin
        /// Whether a reload takes it over; else it needs a restart.
        package let isReloadable: Bool
    }

    package private(set) var configuration: Configuration
    private var origins: [String: Origin] = [:]

    /// A configuration that no file has.
    package init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }

    /// Reads FILE, and then every `FILE.d/*.yaml` in the order of their names.
    ///
    /// A key of a later file takes the place of an earlier one, a list as a whole. All mistakes in all files
    /// are found.
    package init(file: String) throws(ConfigurationError) {
        var texts: [(file: String, text: String)] = []
        var problems: [Problem] = []
        for path in [file] + Self.dropIns(of: file) {
            do {
                texts.append((path, try Configuration.text(of: path)))
            } catch {
                problems += error.problems
            }
        }
        try self.init(texts, of: file, problems)
    }

    /// Reads the text of one configuration file; `file` is its name in errors.
    package init(text: String, file: String) throws(ConfigurationError) {
        try self.init([(file, text)], of: file, [])
    }

    private init(
        _ texts: [(file: String, text: String)], of main: String, _ unreadable: [Problem]
    ) throws(ConfigurationError) {
        self.init()
        var problems = unreadable
        var places: [String: Problem] = [:]
        for (file, text) in texts {
            var reader = ConfigurationReader(configuration: configuration)
            reader.read(text)
            problems += reader.problems.sorted {
                ($0.line ?? 0, $0.column ?? 0) < ($1.line ?? 0, $1.column ?? 0)
            }.map { $0.in(file) }
            configuration = reader.configuration
            for (path, mark) in reader.marks {
                places[path] = Problem(mark, "").in(file)
                origins[path] = .file(file, line: mark.line, isDropIn: file != main)
            }
        }
        if problems.isEmpty {
            problems = Schema.contradictions(in: configuration).map { path, message in
                let section = path.split(separator: ".").first.map(String.init) ?? path
                let place = places[path] ?? places[section]
                return Problem(line: place?.line, column: place?.column, message).in(place?.file ?? main)
            }
        }
        if !problems.isEmpty { throw ConfigurationError(file: main, problems: problems) }
    }

    /// The files of `FILE.d`, if there is such a folder.
    private static func dropIns(of file: String) -> [String] {
        let folder = file + ".d"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted().map { "\(folder)/\($0)" }
    }

    /// Sets a value that was given as a flag, which is above all files.
    package mutating func set<Value>(
        _ member: WritableKeyPath<Configuration, Value>, to value: Value, key: String, flag: String
    ) {
        configuration[keyPath: member] = value
        origins[key] = .flag(flag)
    }

    /// Every key, in the order of the documentation.
    package var settings: [Setting] {
        Schema.keys.map { key in
            Setting(
                key: key.path, value: key.write(configuration), origin: origins[key.path] ?? .standard,
                isReloadable: Schema.reloadable.contains(key.path))
        }
    }
}
