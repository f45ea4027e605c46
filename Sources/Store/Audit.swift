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
    /// `ban`, `limit`, `update`, `end`, `allow`, `disallow`, `protect`, `unprotect`, `await`, `confirm`, `undo` ..., or what
    /// `Store.note` was given.
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
        try write { database in
            var trail = try AuditWriter(database)
            try trail.add(verb, subject, detail, by: who, at: now)
        }
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
}

/// Adds lines to the end of the audit trail, in one transaction.
struct AuditWriter {
    let database: Database
    private var last: Int64
    private var head: [UInt8]
    private let encoder = AuditDetail.encoder

    init(_ database: Database) throws {
        self.database = database
        last =
            try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'audit'") ?? 0
        head = try AuditChain.head(database)
    }

    mutating func add(
        _ verb: String, _ subject: String, _ detail: String = "", by who: String, at time: Timestamp
    ) throws {
        last += 1
        let line = AuditLine(
            id: last, time: time, who: who, verb: verb, subject: subject, detail: detail)
        head = AuditChain.hash(after: head, line)
        try database.cachedStatement(
            sql: "INSERT INTO audit (id, time, who, verb, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [line.id, time.nanoseconds, who, verb, subject, detail, Data(head)])
    }

    mutating func add(
        _ verb: String, _ subject: String, _ detail: AuditDetail, by who: String, at time: Timestamp
    ) throws {
        try add(verb, subject, try detail.text(by: encoder), by: who, at: time)
    }
}

extension Store.Entry {
    /// Writes the event to its table, and a line to the audit trail.
    func write(to trail: inout AuditWriter) throws {
        let database = trail.database
        switch event {
        case .alert(let alert):
            try alert.write(to: database)
        case .imposed(let sanction):
            try sanction.write(to: database)
            try note(sanction.isLimit ? "limit" : "ban", sanction, nil, &trail)
        case .updated(let sanction):
            try sanction.write(to: database)
            try note("update", sanction, nil, &trail)
        case .ended(let sanction, let ending):
            try sanction.write(to: database, ended: time, ending: ending)
            try note("end", sanction, ending, &trail)
        case .allowed(let entry):
            try entry.write(to: database)
            try trail.add("allow", "\(entry.prefix)", entry.reason ?? "", by: who, at: time)
        case .disallowed(let entry):
            try entry.delete(from: database)
            try trail.add("disallow", "\(entry.prefix)", by: who, at: time)
        case .modeSet(let mode, let group, let configured):
            let saved = SavedMode(group: group, mode: mode, configured: configured)
            try saved.write(to: database)
            try trail.add("mode", group ?? "agent", mode.rawValue, by: who, at: time)
        case .tripped(let trip):
            try trail.add("trip", "agent", trip.reason, by: who, at: time)
        case .protected(let entry):
            try entry.write(to: database)
            try trail.add("protect", "\(entry.prefix)", entry.reason, by: who, at: time)
        case .unprotected(let entry):
            try entry.delete(from: database)
            try trail.add("unprotect", "\(entry.prefix)", by: who, at: time)
        case .pending(let change):
            try change.write(to: database)
            let words = "\(change.summary); undone at \(change.deadline.seconds) unless confirmed"
            try trail.add("await", "change \(change.id)", words, by: who, at: time)
        case .confirmed(let change):
            try change.delete(from: database)
            try trail.add("confirm", "change \(change.id)", change.summary, by: who, at: time)
        case .undone(let change):
            try change.delete(from: database)
            try trail.add("undo", "change \(change.id)", change.summary, by: who, at: time)
        case .superseded(let change):
            try change.write(to: database)
            let words = change.steps.isEmpty ? "nothing is left of it" : "left of it: \(change.summary)"
            try trail.add("supersede", "change \(change.id)", words, by: who, at: time)
        case .clockSet(let step):
            try Store.moveEnds(by: step, database)
            try trail.add("clock", "agent", "set by \(step.seconds) s", by: who, at: time)
        }
    }

    private func note(
        _ verb: String, _ sanction: Sanction, _ ending: Event.Ending?, _ trail: inout AuditWriter
    ) throws {
        // The evidence once, where the rule begins.
        let isBeginning = verb == "ban" || verb == "limit"
        let alert =
            try isBeginning ? sanction.alertID.flatMap { try Alert.fetch(id: $0, from: trail.database) } : nil
        let detail = AuditDetail(sanction, ending: ending, alert: alert)
        try trail.add(verb, "\(sanction.prefix)", detail, by: who, at: time)
    }
}
