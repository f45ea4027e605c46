import GRDB
import Policy
package import Traffic

/// One line of the audit trail.
package struct AuditLine: Hashable, Sendable {
    package var id: Int64
    package var time: Timestamp
    /// `agent`, `operator` ...
    package var who: String
    /// `ban`, `limit`, `update`, `end`, `allow`, `disallow`, or what `Store.note` was given.
    package var verb: String
    /// What it was done to.
    package var subject: String
    package var detail: String
}

extension Store {
    /// Adds a line to the audit trail, for what is no `Event`: start, stop, a change of mode ...
    package func note(
        _ verb: String, _ subject: String, detail: String = "", by who: String, at now: Timestamp
    ) throws(StoreError) {
        try write { try Self.note(verb, subject, detail, who, now, $0) }
    }

    /// The last lines of the audit trail, newest first.
    package func auditTrail(limit: Int) throws(StoreError) -> [AuditLine] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM audit ORDER BY id DESC LIMIT ?", arguments: [max(0, limit)]
            ).map { row in
                let reader = RowReader(row: row, table: "audit")
                return AuditLine(
                    id: try reader.value("id"), time: try reader.time("time"), who: try reader.value("who"),
                    verb: try reader.value("verb"), subject: try reader.value("subject"),
                    detail: try reader.value("detail"))
            }
        }
    }

    fileprivate static func note(
        _ verb: String, _ subject: String, _ detail: String, _ who: String, _ time: Timestamp,
        _ database: Database
    ) throws {
        try database.cachedStatement(
            sql: "INSERT INTO audit (time, who, verb, subject, detail) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [time.nanoseconds, who, verb, subject, detail])
    }
}

extension Store.Entry {
    /// Writes the event to its table, and a line to the audit trail.
    func write(to database: Database) throws {
        switch event {
        case .alert(let alert):
            try alert.write(to: database)
        case .imposed(let sanction):
            try sanction.write(to: database)
            try note(sanction.isLimit ? "limit" : "ban", sanction, database)
        case .updated(let sanction):
            try sanction.write(to: database)
            try note("update", sanction, database)
        case .ended(let sanction, let ending):
            try sanction.write(to: database, ended: time, ending: ending)
            try Store.note("end", "\(sanction.prefix)", ending.rawValue, who, time, database)
        case .allowed(let entry):
            try entry.write(to: database)
            try Store.note("allow", "\(entry.prefix)", entry.reason ?? "", who, time, database)
        case .disallowed(let entry):
            try entry.delete(from: database)
            try Store.note("disallow", "\(entry.prefix)", "", who, time, database)
        }
    }

    private func note(_ verb: String, _ sanction: Sanction, _ database: Database) throws {
        let shadow = sanction.rule.isShadowed ? " (shadowed)" : ""
        let detail = "\(sanction.reason): \(sanction.summary)\(shadow)"
        try Store.note(verb, "\(sanction.prefix)", detail, who, time, database)
    }
}
