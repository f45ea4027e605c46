import ArgumentParser
import Foundation
import Traffic

/// What a ban or an allow-list entry is for: on the command line, in a file, or both.
struct SubjectOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Addresses, prefixes, or ranges such as 192.0.2.5-192.0.2.20.", valueName: "subject"))
    var subjects: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            Read more from a file (- is standard input): one subject a line, # begins a comment. One mistake \
            in it, and nothing is done.
            """, valueName: "file"),
        completion: .file())
    var fromFile: String?

    func validate() throws {
        if subjects.isEmpty, fromFile == nil {
            throw ValidationError("name an address, a prefix or a range, or use --from-file")
        }
        _ = try subjects.map(Subjects.parse)
    }

    /// Everything that was named, each prefix once.
    func read() throws -> Subjects {
        var result = Subjects()
        for text in subjects { result.add(try Subjects.parse(text), at: nil) }
        if let fromFile { try result.add(file: fromFile) }
        guard !result.prefixes.isEmpty else {
            throw ValidationError("\(fromFile ?? "") names no address, prefix or range")
        }
        return result
    }
}

/// Prefixes, and where each was named.
struct Subjects {
    private(set) var prefixes: [Prefix] = []
    private var places: [Prefix: String] = [:]

    /// Mistakes that are listed at most.
    static let mostMistakes = 20

    /// `FILE:LINE: ` of a prefix that stands in a file, else nothing.
    func place(of prefix: Prefix) -> String {
        places[prefix].flatMap { $0.isEmpty ? nil : "\($0): " } ?? ""
    }

    /// What one word names: an address and a prefix are one prefix, a range can be several.
    static func parse(_ text: String) throws -> [Prefix] {
        if let prefix = Prefix(text) { return [prefix] }
        if let range = AddressRange(text) { return range.prefixes }
        throw ValidationError(
            "`\(text)` is neither an address nor a prefix nor a range; expected such as 192.0.2.7, "
                + "2001:db8::/32 or 192.0.2.5-192.0.2.20")
    }

    mutating func add(_ added: [Prefix], at place: String?) {
        for prefix in added where places[prefix] == nil {
            places[prefix] = place ?? ""
            prefixes.append(prefix)
        }
    }

    mutating func add(file: String) throws {
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
        var mistakes: [String] = []
        // Bytes that are no UTF-8 become characters that no address has.
        let lines = String(decoding: data, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let text = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            guard !text.isEmpty else { continue }
            let place = "\(name):\(index + 1)"
            do {
                add(try Self.parse(text), at: place)
            } catch let error as ValidationError {
                mistakes.append("\(place): \(error.message)")
            }
        }
        if mistakes.isEmpty { return }
        throw ValidationError(
            (mistakes.prefix(Self.mostMistakes) + Self.more(mistakes.count - Self.mostMistakes))
                .joined(separator: "\n"))
    }

    /// `... and 7 more`, if there are.
    static func more(_ count: Int) -> [String] { count > 0 ? ["... and \(count) more"] : [] }
}
