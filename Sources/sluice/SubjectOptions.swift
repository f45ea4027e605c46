import ArgumentParser
import Foundation
import Traffic

/// What a change is for: on the command line, in a file, or both.
struct SubjectOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Addresses, prefixes, or ranges such as 192.0.2.5-192.0.2.20.", valueName: "subject"))
    var subjects: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            Read more from a file (- is standard input): one subject a line (#, ; and // begin comments, further \
            columns are left out), CSV, JSON, `ipset save` or `nft list set`. One mistake in it, and nothing is \
            done.
            """, valueName: "file"),
        completion: .file())
    var fromFile: String?

    @Flag(help: "Say what would happen, and change nothing.")
    var dryRun = false

    func validate() throws {
        if subjects.isEmpty, fromFile == nil {
            throw ValidationError("name an address, a prefix or a range, or use --from-file")
        }
        _ = try subjects.map(Subjects.parse)
    }

    /// Everything that was named, each prefix once.
    ///
    /// `skippingMistakes`: what names nothing in a file is only noted.
    func read(skippingMistakes: Bool = false) throws -> Subjects {
        var result = Subjects()
        for text in subjects { result.add(try Subjects.parse(text), at: nil) }
        if let fromFile { try result.add(file: fromFile, skippingMistakes: skippingMistakes) }
        guard !result.prefixes.isEmpty else {
            let mistakes = result.listed(result.mistakes)
            throw ValidationError(
                (["\(fromFile ?? "") names no address, prefix or range"] + mistakes).joined(separator: "\n"))
        }
        return result
    }
}

/// For a list of which some may be refused.
struct SkipOption: ParsableArguments {
    @Flag(help: "Leave out what is refused or no address, say what and why, and do the rest.")
    var skipRefused = false
}

/// For what takes off.
struct MissingOption: ParsableArguments {
    @Flag(help: "It is no mistake if nothing of it is there (any more).")
    var missingOk = false
}

/// Prefixes, and where each was named.
struct Subjects {
    private(set) var prefixes: [Prefix] = []
    /// What names nothing, and where, if that was skipped.
    private(set) var mistakes: [String] = []
    private var places: [Prefix: String] = [:]

    /// Mistakes that are listed at most.
    static let mostMistakes = 20

    /// `FILE:LINE: ` of a prefix that stands in a file, else nothing.
    func place(of prefix: Prefix) -> String {
        places[prefix].flatMap { $0.isEmpty ? nil : "\($0): " } ?? ""
    }

    /// What one word names: an address and a prefix are one prefix, a range can be several.
    static func parse(_ text: String) throws -> [Prefix] { try Subject.read(text).get() }

    mutating func add(_ added: [Prefix], at place: String?) {
        for prefix in added where places[prefix] == nil {
            places[prefix] = place ?? ""
            prefixes.append(prefix)
        }
    }

    mutating func add(file: String, skippingMistakes: Bool) throws {
        let data: Data
        do {
            data =
                try file == "-"
                ? FileHandle.standardInput.readToEnd() ?? Data()
                : Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            let isThere = file == "-" || FileManager.default.fileExists(atPath: file)
            throw ValidationError(
                "\(file) cannot be read: \(isThere ? error.localizedDescription : "there is no such file")")
        }
        let name = file == "-" ? "standard input" : file
        // Bytes that are no UTF-8 become characters that no address has.
        for entry in SubjectList(String(decoding: data, as: UTF8.self)).entries {
            let place = entry.line.map { "\(name):\($0)" } ?? name
            switch entry.named {
            case .success(let named): add(named, at: place)
            case .failure(let error): mistakes.append("\(place): \(error.message)")
            }
        }
        if mistakes.isEmpty || skippingMistakes { return }
        throw ValidationError(listed(mistakes).joined(separator: "\n"))
    }

    /// The first of some lines, and how many more there are.
    func listed(_ lines: [String]) -> [String] {
        lines.prefix(Self.mostMistakes) + Self.more(lines.count - Self.mostMistakes)
    }

    /// `... and 7 more`, if there are.
    static func more(_ count: Int) -> [String] { count > 0 ? ["... and \(count) more"] : [] }
}
