import API
import Control
import Terminal
import Traffic

/// What a command prints, in every format: a document of the API or of our own, and how people see it.
struct Printout {
    private let json: () throws -> String
    private let lines: () throws -> [String]
    private let csv: () throws -> String
    private let people: (Screen) -> String

    /// A document without rows: one line of JSON Lines, and of CSV a line for each of its members.
    init(_ document: some Encodable, people: @escaping (Screen) -> String) {
        json = { try Wire.text(document) + "\n" }
        lines = { [try Wire.line(document)] }
        csv = {
            let members = try Wire.members(of: document).map { CSV.line([$0.path, $0.value]) }
            return CSV.line(["member", "value"]) + members.joined()
        }
        self.people = people
    }

    /// A list: `document` as a whole, `rows` one by one; `nothing` is what people read where there are none.
    init<Row: ListRow>(_ document: some Encodable, rows: [Row], nothing: String, at now: Timestamp) {
        json = { try Wire.text(document) + "\n" }
        lines = { try rows.map(Wire.line) }
        csv = { CSV.text(rows, Row.columns(at: now)) }
        people = { rows.isEmpty ? nothing + "\n" : Row.table(rows, at: now).text(on: $0) }
    }

    /// A document that has rows for programs, and another form for people.
    init<Row: ListRow>(
        _ document: some Encodable, rows: [Row], at now: Timestamp, people: @escaping (Screen) -> String
    ) {
        json = { try Wire.text(document) + "\n" }
        lines = { try rows.map(Wire.line) }
        csv = { CSV.text(rows, Row.columns(at: now)) }
        self.people = people
    }

    func text(as format: OutputOptions.Format, on screen: Screen) throws -> String {
        switch format {
        case .table: people(screen)
        case .json: try json()
        case .jsonl: try lines().map { $0 + "\n" }.joined()
        case .csv: try csv()
        }
    }
}

/// What lists are made of: declares its columns once, for every format.
protocol ListRow: Encodable, Sendable {
    /// `now` is what ages are counted to.
    static func columns(at now: Timestamp) -> [Column<Self>]
}

extension ListRow {
    /// The rows as people see them.
    static func table(_ rows: [Self], at now: Timestamp) -> Table { Table(rows, columns(at: now)) }
}
