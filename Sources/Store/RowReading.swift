import GRDB
import Traffic

/// A row that no Sluice has written: somebody edited the database, or it is damaged.
struct MalformedRow: Error, CustomStringConvertible {
    var table: String
    var column: String

    var description: String { "malformed value in \(table).\(column)" }
}

/// A row that is read column by column, each checked.
struct RowReader {
    let row: Row
    let table: String
    /// Where each column stands, if that is known: GRDB looks for a name in all of them, which of many rows takes a moment.
    var places: [String: Int]?

    /// Where each column of a row, and of all rows of the same query, stands.
    static func places(in row: Row) -> [String: Int] {
        Dictionary(row.columnNames.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
    }

    private func stored(_ column: String) -> DatabaseValue {
        if let place = places?[column] { row[place] } else { row[column] }
    }

    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let value = Value.fromDatabaseValue(stored(column)) else { throw malformed(column) }
        return value
    }

    func optional<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
        if stored(column).isNull { return nil }
        return try value(column)
    }

    /// A value that is stored as its text.
    func parsed<Value: LosslessStringConvertible>(_ column: String) throws -> Value {
        guard let value = Value(try value(column) as String) else { throw malformed(column) }
        return value
    }

    func optionalParsed<Value: LosslessStringConvertible>(_ column: String) throws -> Value? {
        stored(column).isNull ? nil : try parsed(column)
    }

    func choice<Value: RawRepresentable<String>>(_ column: String) throws -> Value {
        guard let value = Value(rawValue: try value(column)) else { throw malformed(column) }
        return value
    }

    /// A time that arithmetic cannot overflow: from 1970 to 2116.
    func time(_ column: String) throws -> Timestamp {
        let nanoseconds: Int64 = try value(column)
        guard (0...Int64.max / 2).contains(nanoseconds) else { throw malformed(column) }
        return Timestamp(nanoseconds: nanoseconds)
    }

    func optionalTime(_ column: String) throws -> Timestamp? {
        stored(column).isNull ? nil : try time(column)
    }

    /// A counter, which SQLite keeps signed.
    func count(_ column: String) throws -> UInt64 { UInt64(clamping: try value(column) as Int64) }

    func malformed(_ column: String) -> MalformedRow { MalformedRow(table: table, column: column) }
}
