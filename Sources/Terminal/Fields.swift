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
