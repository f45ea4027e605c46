import ArgumentParser
import Traffic

/// The elements of nftables' sets, as `nft list set` and rule files have them.
struct NftablesSubjects {
    private(set) var entries: [SubjectList.Entry] = []

    /// Whether `text` has sets in it.
    static func isSet(_ text: Substring) -> Bool {
        text.utf8.split(separator: 0x0A).contains { line in
            let line = Substring(line).trimmed
            return line.hasPrefix("table ") || line.hasPrefix("add element ")
                || line.hasPrefix("create element ")
                || line.hasPrefix("elements = {") || (line.hasPrefix("define ") && line.contains("{"))
        }
    }

    /// Reads what stands in braces behind `elements =`, `define NAME =` and `add element`.
    init(_ text: Substring) {
        var line = 1
        var (isElements, isQuoted, isComment) = (false, false, false)
        /// Since the last brace, end of a line or of an element.
        var words = ""
        for character in text {
            if character.isNewline {
                if isElements, !words.trimmingBlanks.isEmpty {
                    words += " "
                } else if !isElements {
                    words = ""
                }
                line += 1
                isComment = false
                continue
            }
            if isComment { continue }
            if character == "\"" { isQuoted.toggle() }
            switch character {
            case "#" where !isQuoted: isComment = true
            case "{" where !isQuoted && !isElements:
                let before = words.trimmingBlanks
                isElements =
                    before.hasSuffix("=") || before.hasPrefix("add element ")
                    || before.hasPrefix("create element ")
                words = ""
            case "," where !isQuoted && isElements, "}" where !isQuoted && isElements:
                add(words.trimmingBlanks, line)
                words = ""
                if character == "}" { isElements = false }
            case "{" where !isQuoted, "}" where !isQuoted: words = ""
            default: words.append(character)
            }
        }
        if isElements {
            entries.append(
                SubjectList.Entry(line: line, named: .failure(ValidationError("a set has no end (`}`)"))))
        }
    }

    private mutating func add(_ text: Substring, _ line: Int) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let first = words.first else { return }
        let isMore = words.count > 1 && [".", ":"].contains(words[1])
        entries.append(
            SubjectList.Entry(
                line: line,
                named: isMore
                    ? .failure(ValidationError("`\(text.shown)` is more than an address"))
                    : Subject.read(first)))
    }
}

extension String {
    fileprivate var trimmingBlanks: Substring { self[...].trimmed }
}
