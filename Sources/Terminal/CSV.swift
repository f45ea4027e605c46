/// Comma-separated values (RFC 4180), with "\n" at the end of a line.
package enum CSV {
    /// A line with the names of the columns, and one for each row.
    package static func text<Row>(_ rows: [Row], _ columns: [Column<Row>]) -> String {
        var text = line(columns.map(\.name))
        for row in rows { text += line(columns.map { $0.value(row) }) }
        return text
    }

    /// One line, its values quoted where they must be.
    package static func line(_ values: [String]) -> String {
        values.map(quoted).joined(separator: ",") + "\n"
    }

    private static func quoted(_ value: String) -> String {
        let needsQuotes = value.utf8.contains { [0x0A, 0x0D, 0x22, 0x2C].contains($0) }
        return needsQuotes ? "\"" + value.replacing("\"", with: "\"\"") + "\"" : value
    }
}
