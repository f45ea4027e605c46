import GRDB
import Traffic

/// A row that no Sluice has written: somebody edited the database, or it is damaged.
struct MalformedRow: Error, CustomStringConvertible {
    var table: String
    var column: String

    var description: String { "malformed value in \(table).\(column)" }
}

/// Where the columns of a query stand, for who reads many rows of it.
///
/// Whoever reads them in their order finds each right behind the last one; GRDB would look for its name among all.
final class ColumnPlaces {
    private let names: [String]
    private var next = 0

    init(in row: Row) { names = Array(row.columnNames) }

    func place(of column: String) -> Int? {
        let place = names[next...].firstIndex(of: column) ?? names.firstIndex(of: column)
        if let place { next = place + 1 }
        return place
    }
}

/// A row that is read column by column, each checked.
struct RowReader {
    let row: Row
    let table: String
    var places: ColumnPlaces?

    /// SQLite holds each column to its type, so only the range is left to check.
    func optional<Value: DatabaseValueConvertible & StatementColumnConvertible>(
        _ column: String
    ) throws -> Value? {
        do {
            if let place = places?.place(of: column) { return try row.decode(atIndex: place) }
            return try row.decode(forColumn: column)
        } catch {
            throw malformed(column)
        }
    }

    func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(
        _ column: String
    ) throws -> Value {
        try there(optional(column), column)
    }

    /// A value that is stored as its text.
    func optionalParsed<Value: LosslessStringConvertible>(_ column: String) throws -> Value? {
        guard let text: String = try optional(column) else { return nil }
        return try there(Value(text), column)
    }

    func parsed<Value: LosslessStringConvertible>(_ column: String) throws -> Value {
        try there(optionalParsed(column), column)
    }

    func choice<Value: RawRepresentable<String>>(_ column: String) throws -> Value {
        try there(Value(rawValue: value(column)), column)
    }

    /// A time that arithmetic cannot overflow: from 1970 to 2116.
    func optionalTime(_ column: String) throws -> Timestamp? {
        guard let nanoseconds: Int64 = try optional(column) else { return nil }
        guard (0...Int64.max / 2).contains(nanoseconds) else { throw malformed(column) }
        return Timestamp(nanoseconds: nanoseconds)
    }

    func time(_ column: String) throws -> Timestamp { try there(optionalTime(column), column) }

    /// A counter, which SQLite keeps signed.
    func count(_ column: String) throws -> UInt64 {
        UInt64(clamping: try value(column) as Int64)
    }

    private func there<Value>(_ value: Value?, _ column: String) throws -> Value {
        guard let value else { throw malformed(column) }
        return value
    }

    func malformed(_ column: String) -> MalformedRow { MalformedRow(table: table, column: column) }
}
