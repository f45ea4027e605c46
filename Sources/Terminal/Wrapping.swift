extension Screen {
    /// Prose on as many lines as it takes.
    package func wrapped(_ text: String) -> String { lines(of: text).joined(separator: "\n") }

    /// Prose in lines that have room beside an indentation.
    package func lines(of text: String, indentedBy indent: Int = 0) -> [String] {
        wrapsProse ? text.wrapped(to: width - indent) : [text]
    }

    /// Characters of the longest word of prose that is wrapped; 0 where none is.
    func longestWord(in text: String) -> Int {
        wrapsProse ? text.split(separator: " ").map(\.visibleCount).max() ?? 0 : 0
    }
}

extension String {
    /// Lines of at most `width` characters, cut between words; a longer word has a line of its own.
    fileprivate func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        for word in split(separator: " ", omittingEmptySubsequences: false) {
            if let last = lines.last, last.visibleCount + 1 + word.visibleCount <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

extension StringProtocol {
    /// Characters that take room: all but styles.
    fileprivate var visibleCount: Int {
        var isEscape = false
        return reduce(0) { count, character in
            if character == "\u{1B}" { isEscape = true }
            defer { if character == "m" { isEscape = false } }
            return isEscape ? count : count + 1
        }
    }
}
