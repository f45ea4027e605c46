import Foundation
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
    /// Words, or what is known of a rule as JSON (`AuditDetail`).
    package var detail: String
}

extension AuditLine {
    init(_ row: Row) throws {
        let reader = RowReader(row: row, table: "audit")
        self.init(
            id: try reader.value("id"), time: try reader.time("time"), who: try reader.value("who"),
            verb: try reader.value("verb"), subject: try reader.value("subject"),
            detail: try reader.value("detail"))
    }
}

extension Store {
    /// Adds a line to the audit trail, for what is no `Event`: start, stop, a change of mode ...
    package func note(
        _ verb: String, _ subject: String, detail: String = "", by who: String, at now: Timestamp
    ) throws(StoreError) {
        try write { try Self.note(verb, subject, detail, who, now, $0) }
    }

    /// The last lines of the audit trail after `since` (of all if `nil`), newest first.
    package func auditTrail(since: Timestamp? = nil, limit: Int) throws(StoreError) -> [AuditLine] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM audit WHERE time > ? ORDER BY id DESC LIMIT ?",
                arguments: [since?.nanoseconds ?? .min, max(0, limit)]
            ).map(AuditLine.init)
        }
    }

    fileprivate static func note(
        _ verb: String, _ subject: String, _ detail: String, _ who: String, _ time: Timestamp,
        _ database: Database
    ) throws {
        let last = try Int64.fetchOne(
            database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'audit'")
        let line = AuditLine(
            id: (last ?? 0) + 1, time: time, who: who, verb: verb, subject: subject, detail: detail)
        let hash = AuditChain.hash(after: try AuditChain.head(database), line)
        try database.cachedStatement(
            sql: "INSERT INTO audit (id, time, who, verb, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [line.id, time.nanoseconds, who, verb, subject, detail, Data(hash)])
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
            try note(sanction.isLimit ? "limit" : "ban", sanction, nil, database)
        case .updated(let sanction):
            try sanction.write(to: database)
            try note("update", sanction, nil, database)
        case .ended(let sanction, let ending):
            try sanction.write(to: database, ended: time, ending: ending)
            try note("end", sanction, ending, database)
        case .allowed(let entry):
            try entry.write(to: database)
            try Store.note("allow", "\(entry.prefix)", entry.reason ?? "", who, time, database)
        case .disallowed(let entry):
            try entry.delete(from: database)
            try Store.note("disallow", "\(entry.prefix)", "", who, time, database)
        case .modeSet(let mode, let group, let configured):
            let saved = SavedMode(group: group, mode: mode, configured: configured)
            try saved.write(to: database)
            try Store.note("mode", group ?? "agent", mode.rawValue, who, time, database)
        case .tripped(let trip):
            try Store.note("trip", "agent", trip.reason, who, time, database)
        }
    }

    private func note(
        _ verb: String, _ sanction: Sanction, _ ending: Event.Ending?, _ database: Database
    ) throws {
        // The evidence once, where the rule begins.
        let isBeginning = verb == "ban" || verb == "limit"
        let alert =
            try isBeginning ? sanction.alertID.flatMap { try Alert.fetch(id: $0, from: database) } : nil
        let detail = AuditDetail(sanction, ending: ending, alert: alert)
        try Store.note(verb, "\(sanction.prefix)", try detail.text, who, time, database)
    }
}
