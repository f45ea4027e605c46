import Foundation
import GRDB
import Signing
import Traffic

/// A line of the audit trail, and the hash that it must have.
package struct AuditPlace: Hashable, Sendable {
    /// Id of the line; 0 is before the first.
    package let line: Int64
    let digest: [UInt8]

    init(line: Int64, digest: [UInt8]) {
        self.line = line
        self.digest = digest
    }

    /// `nil` if `hash` is not 64 hexadecimal digits.
    package init?(line: Int64, hash: String) {
        guard let digest = [UInt8](hexadecimal: hash), digest.count == AuditChain.start.count else {
            return nil
        }
        self.init(line: line, digest: digest)
    }

    /// In hexadecimal.
    package var hash: String { digest.hexadecimal }

    /// Before the first line.
    package static let start = AuditPlace(line: 0, digest: AuditChain.start)
}

/// What `Store.verifyAudit` found.
package struct AuditVerification: Hashable, Sendable {
    /// Lines that were looked at.
    package var lines: Int
    /// Id of the first line that is not what was written, or that others are missing before; `nil` if there is none.
    package var broken: Int64?
    /// The last line that was looked at; its hash, noted elsewhere, shows later whether lines were cut off the end.
    package var last: AuditPlace
    /// Id of the newest line.
    package var newest: Int64
}

/// The audit trail as a chain: each line has the hash of itself and of the line before.
///
/// Who changes, removes or inserts a line has to compute anew all that follow, and then the last hash is another.
enum AuditChain {
    static let start = [UInt8](repeating: 0, count: 32)

    /// The hash of a line, of which every part has its length before it, so that none runs into the next.
    static func hash(after previous: [UInt8], _ line: AuditLine) -> [UInt8] {
        var message = previous + line.id.bytes + line.time.nanoseconds.bytes
        for part in [line.who, line.verb, line.subject, line.detail] {
            message += UInt64(part.utf8.count).bytes
            message += part.utf8
        }
        return Digest.sha256(of: message)
    }

    /// Hash of the last line.
    static func head(_ database: Database) throws -> [UInt8] {
        let last = try Data.fetchOne(database, sql: "SELECT hash FROM audit ORDER BY id DESC LIMIT 1")
        return last.map(Array.init) ?? start
    }

    /// Gives the lines of an earlier version their hashes, and forbids to change any from now on.
    static func begin(_ database: Database) throws {
        var previous = start
        for row in try Row.fetchAll(database, sql: "SELECT * FROM audit ORDER BY id") {
            let line = try AuditLine(row)
            previous = hash(after: previous, line)
            try database.execute(
                sql: "UPDATE audit SET hash = ? WHERE id = ?", arguments: [Data(previous), line.id])
        }
        for verb in ["UPDATE", "DELETE"] {
            try database.execute(
                sql: """
                    CREATE TRIGGER audit_no_\(verb.lowercased()) BEFORE \(verb) ON audit BEGIN
                        SELECT raise(ABORT, 'the audit trail is only ever added to');
                    END
                    """)
        }
    }
}

extension FixedWidthInteger {
    /// Its bytes, most significant first.
    fileprivate var bytes: [UInt8] {
        stride(from: Self.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}

extension Store {
    /// Computes the chain anew, line by line: at most so many after a place that was reached before.
    ///
    /// Read beside whatever is being written, on a connection of its own.
    package func verifyAudit(
        after place: AuditPlace = .start, limit: Int = .max
    ) throws(StoreError) -> AuditVerification {
        try readBeside { database in
            var (lines, last, broken) = (0, place.line, Int64?.none)
            var previous = place.digest
            let rows = try Row.fetchCursor(
                database, sql: "SELECT * FROM audit WHERE id > ? ORDER BY id", arguments: [place.line])
            while lines < limit, broken == nil, let row = try rows.next() {
                let line = try AuditLine(row)
                let hash: Data = try RowReader(row: row, table: "audit").value("hash")
                previous = AuditChain.hash(after: previous, line)
                lines += 1
                // Ids are given one by one and never again.
                if Array(hash) != previous || line.id != last + 1 { broken = line.id }
                last = line.id
            }
            let newest = try Int64.fetchOne(database, sql: "SELECT max(id) FROM audit") ?? 0
            return AuditVerification(
                lines: lines, broken: broken,
                last: AuditPlace(line: last, digest: previous), newest: newest)
        }
    }
}
