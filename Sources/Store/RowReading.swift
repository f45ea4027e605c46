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

    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let value = Value.fromDatabaseValue(row[column]) else { throw malformed(column) }
        return value
    }

    func optional<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
        let stored: DatabaseValue = row[column]
        if stored.isNull { return nil }
        return try value(column)
    }

    /// A value that is stored as its text.
    func parsed<Value: LosslessStringConvertible>(_ column: String) throws -> Value {
        guard let value = Value(try value(column) as String) else { throw malformed(column) }
        return value
    }

    func optionalParsed<Value: LosslessStringConvertible>(_ column: String) throws -> Value? {
        let stored: DatabaseValue = row[column]
        return stored.isNull ? nil : try parsed(column)
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
        let stored: DatabaseValue = row[column]
        return stored.isNull ? nil : try time(column)
    }

    /// A counter, which SQLite keeps signed.
    func count(_ column: String) throws -> UInt64 { UInt64(clamping: try value(column) as Int64) }

    func malformed(_ column: String) -> MalformedRow { MalformedRow(table: table, column: column) }
}
