/// Comma-separated values (RFC 4180), with "\n" at the end of a line.
///
/// What others wrote stands in some of them. Control characters, which terminals obey, become `?`, and what spreadsheets would
/// compute gets an apostrophe before it, as OWASP advises ("CSV Injection").
package enum CSV {
    /// A line with the names of the columns, and one for each row.
    package static func text<Row>(_ rows: [Row], _ columns: [Column<Row>]) -> String {
        var text = line(columns.map(\.name))
        for row in rows { text += line(columns.map { $0.value(row) }) }
        return text
    }

    /// One line, its values quoted where they must be.
    package static func line(_ values: [String]) -> String {
        values.map { quoted(harmless($0)) }.joined(separator: ",") + "\n"
    }

    private static func harmless(_ value: String) -> String {
        let text = value.printable
        guard let first = text.first, "=+-@".contains(first), text.count > 1, Double(text) == nil else {
            return text
        }
        return "'" + text
    }

    private static func quoted(_ value: String) -> String {
        let needsQuotes = value.utf8.contains { $0 == 0x22 || $0 == 0x2C }
        return needsQuotes ? "\"" + value.replacing("\"", with: "\"\"") + "\"" : value
    }
}
