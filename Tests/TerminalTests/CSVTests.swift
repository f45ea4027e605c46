import Terminal
import Testing

@Suite("Comma-separated values")
struct CSVTests {
    /// A value, and how it is written.
    static let values = [
        ("plain", "plain"), ("", ""), ("a, b", #""a, b""#), (#"say "no""#, #""say ""no""""#),
        ("two\nlines", "two?lines"), ("-1.5", "-1.5"), ("+7e3", "+7e3"), ("-", "-"),
        ("\u{1B}[2J\u{9B}1m\u{202E}", "?[2J?1m?"), ("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+cmd", "'-1+cmd"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        (#"=HYPERLINK("x", 1)"#, #""'=HYPERLINK(""x"", 1)""#), ("\t=1", "?=1"),
    ]

    @Test("Values are quoted where they must be", arguments: values)
    func quotes(_ value: String, _ written: String) {
        #expect(CSV.line([value]) == written + "\n")
        #expect(CSV.line(["1", value]) == "1,\(written)\n")
    }

    @Test("Columns that people do not see are for programs, and rows have a place for what they lack")
    func listsColumns() {
        let columns: [Column<(name: String, port: Int?)>] = [
            Column("name", "NAME", value: { $0.name }, cell: { Table.Cell("<\($0.name)>") }),
            Column("port", value: { $0.port }),
        ]
        let rows = [(name: "a", port: Int?(80)), (name: "b", port: nil)]
        #expect(CSV.text(rows, columns) == "name,port\na,80\nb,\n")
        #expect(Table(rows, columns).text(on: Screen(width: 80, isColoured: false)) == "NAME\n<a>\n<b>\n")
    }
}
