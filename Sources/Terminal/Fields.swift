/// Lines of a label and what it is: `Memory     34 MB`.
package struct Fields: Hashable, Sendable {
    private struct Line: Hashable, Sendable {
        var label: String
        var value: String
    }

    private var lines: [Line] = []

    package init() {}

    /// Adds a line; an empty label continues the one above, and the value may be styled.
    package mutating func add(_ label: String, _ value: String) {
        lines.append(Line(label: label, value: value))
    }

    /// Labels in one column, values in another, where they are wrapped between words.
    package func text(on screen: Screen) -> String {
        let width = (lines.map(\.label.count).max() ?? 0) + 2
        let indent = String(repeating: " ", count: width)
        return lines.map { line in
            let padding = String(repeating: " ", count: width - line.label.count)
            let value = screen.lines(of: line.value, indentedBy: width).joined(separator: "\n" + indent)
            return screen.styled(line.label, .faint) + padding + value + "\n"
        }.joined()
    }
}

extension Screen {
    /// Prose on as many lines as it takes.
    package func wrapped(_ text: String) -> String { lines(of: text).joined(separator: "\n") }

    /// Prose in lines that have room beside an indentation.
    package func lines(of text: String, indentedBy indent: Int = 0) -> [String] {
        wrapsProse ? text.wrapped(to: width - indent) : [text]
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
