/// One column of a list: what people see of a row, and what programs get.
///
/// `Row` declares its columns once, for tables and for CSV alike.
package struct Column<Row> {
    /// In the first line of CSV, as the API's document has it.
    let name: String
    /// `nil` for what stands in CSV only.
    let shown: Table.Column?
    let cell: (Row) -> Table.Cell
    /// Empty where the row has none.
    let value: (Row) -> String

    /// A column of tables and of CSV.
    ///
    /// `name` is the member of the API's document; `value` is in plain units, for programs, and what people
    /// see if there is no `cell`. The rest is as for `Table.Column`.
    package init(
        _ name: String, _ title: String, _ alignment: Table.Column.Alignment = .left,
        isFlexible: Bool = false, dispensability: Int = 0,
        value: @escaping (Row) -> (any CustomStringConvertible)?, cell: ((Row) -> Table.Cell)? = nil
    ) {
        let text = { (row: Row) in value(row)?.description ?? "" }
        self.name = name
        shown = Table.Column(
            title, alignment, isFlexible: isFlexible, dispensability: dispensability)
        self.value = text
        self.cell = cell ?? { Table.Cell(text($0)) }
    }

    /// A column of CSV only, for what programs want to know and people need not see.
    package init(_ name: String, value: @escaping (Row) -> (any CustomStringConvertible)?) {
        self.name = name
        shown = nil
        cell = { _ in "" }
        self.value = { value($0)?.description ?? "" }
    }
}

extension Table {
    /// The rows in those of the columns that people see.
    package init<Row>(_ rows: [Row], _ columns: [Terminal.Column<Row>]) {
        let shown = columns.filter { $0.shown != nil }
        self.init(shown.compactMap(\.shown))
        for row in rows { add(shown.map { $0.cell(row) }) }
    }
}
