/// Lines of a label and what it is: `Memory     34 MB`.
package struct Fields: Hashable, Sendable {
    private struct Field: Hashable, Sendable {
        var label: String
        var values: [String]
    }

    private var fields: [Field] = []

    package init() {}

    /// Adds a line; an empty label continues the one above, and the value may be styled.
    package mutating func add(_ label: String, _ value: String) {
        if label.isEmpty, !fields.isEmpty {
            fields[fields.count - 1].values.append(value)
        } else {
            fields.append(Field(label: label, values: [value]))
        }
    }

    /// Labels in one column, values in another, where they are wrapped between words; below the label, if a word is too long
    /// for that.
    package func text(on screen: Screen) -> String {
        let column = (fields.map(\.label.count).max() ?? 0) + 2
        return fields.map { field in
            let label = screen.styled(field.label, .faint)
            let longest = field.values.map(screen.longestWord).max() ?? 0
            let isBelow = longest > screen.width - column
            let indent = isBelow ? max(0, min(2, screen.width - longest)) : column
            let lines = field.values.flatMap { screen.lines(of: $0, indentedBy: indent) }
            let margin = String(repeating: " ", count: indent)
            if isBelow { return ([label] + lines.map { margin + $0 }).joined(separator: "\n") + "\n" }
            let padding = String(repeating: " ", count: column - field.label.count)
            return label + padding + lines.joined(separator: "\n" + margin) + "\n"
        }.joined()
    }
}
