/// Why a table cannot be read.
package struct CSVError: Error, Hashable, Sendable, CustomStringConvertible {
    package let line: Int
    package let reason: String

    package var description: String { "line \(line): \(reason)" }
}

/// Comma-separated values whose first line names the columns.
struct CSVRows: Sequence, IteratorProtocol {
    /// One line, by the columns' names.
    struct Row {
        fileprivate let line: Int
        fileprivate let fields: [String: String]

        func text(_ name: String) throws(CSVError) -> String {
            guard let text = fields[name] else { throw CSVError(line: line, reason: "no \(name)") }
            return text
        }

        func number(_ name: String) throws(CSVError) -> Double {
            let text = try text(name)
            guard let number = Double(text), number.isFinite else { throw refusal(name, text, "number") }
            return number
        }

        /// What `read` makes of a column's text; `kind` says what it should be.
        func value<Value>(
            _ name: String, as kind: String, _ read: (String) -> Value?
        ) throws(CSVError) -> Value {
            let text = try text(name)
            guard let value = read(text) else { throw refusal(name, text, kind) }
            return value
        }

        private func refusal(_ name: String, _ text: String, _ kind: String) -> CSVError {
            CSVError(line: line, reason: "\(name) '\(text)' is no \(kind)")
        }
    }

    private var lines: IndexingIterator<[(offset: Int, element: Substring)]>
    private let names: [String]

    init(_ text: String) throws(CSVError) {
        var lines = Array(text.split(whereSeparator: \.isNewline).enumerated()).makeIterator()
        guard let heading = lines.next() else { throw CSVError(line: 1, reason: "no line with names") }
        names = Self.fields(heading.element)
        self.lines = lines
    }

    mutating func next() -> Row? {
        lines.next().map { index, line in
            Row(
                line: index + 1,
                fields: Dictionary(zip(names, Self.fields(line)), uniquingKeysWith: { first, _ in first }))
        }
    }

    /// The fields of a line; quotes may hold commas, and doubled quotes.
    private static func fields(_ line: Substring) -> [String] {
        var fields = [""]
        var isQuoted = false
        var previous: Character = ","
        for character in line {
            if character == "\"" {
                if !isQuoted, previous == "\"" { fields[fields.count - 1].append("\"") }
                isQuoted.toggle()
            } else if character == ",", !isQuoted {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
            previous = character
        }
        return fields
    }
}
