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
    /// `ban`, `limit`, `prove`, `update`, `end`, `allow`, `disallow`, `protect`, `unprotect`, `await`, `confirm`, `undo` ..., or what
    /// `Store.note` was given.
    package var verb: String
    /// What it was done to.
    package var subject: String
    /// Words, or as JSON what is known of a rule (`AuditDetail`) or of another change (`ChangeDetail`).
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
    /// Adds a line to the audit trail, for what is no `Event`: start, stop, another model ...
    ///
    /// `configuration` is the hash of the one in use, where that matters.
    package func note(
        _ verb: String, _ subject: String, detail: String = "", by who: String,
        under configuration: String? = nil, at now: Timestamp
    ) throws(StoreError) {
        try write { database in
            var trail = try AuditWriter(database)
            guard let configuration else {
                return try trail.add(verb, subject, detail, by: who, at: now)
            }
            let change = ChangeDetail(summary: detail, configuration: configuration)
            try trail.add(verb, subject, change, by: who, at: now)
        }
    }

    /// The last lines of the audit trail after `since` (of all if `nil`), newest first.
    ///
    /// Those on a prefix that has an address in common with `source`, with exactly this `reason`, and of this `verb`. Read beside
    /// whatever is being written, on a connection of its own: a long trail takes a moment.
    package func auditTrail(
        since: Timestamp? = nil, source: Prefix? = nil, reason: String? = nil, verb: String? = nil, limit: Int
    ) throws(StoreError) -> [AuditLine] {
        var conditions = ["time > ?"]
        var arguments: StatementArguments = [since?.nanoseconds ?? .min]
        if let verb {
            conditions.append("verb = ?")
            arguments += [verb]
        }
        if let reason {
            // Lines of entries that earlier versions wrote have nothing but the reason.
            conditions.append(
                "CASE WHEN json_valid(detail) THEN json_extract(detail, '$.reason') ELSE detail END = ?")
            arguments += [reason]
        }
        let sql = "SELECT * FROM audit WHERE \(conditions.joined(separator: " AND ")) ORDER BY id DESC"
        return try readBeside { database in
            let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments)
            var result: [AuditLine] = []
            while result.count < limit, let row = try rows.next() {
                if let source {
                    guard let text: String = row["subject"], let prefix = Prefix(text),
                        prefix.overlaps(source)
                    else { continue }
                }
                result.append(try AuditLine(row))
            }
            return result
        }
    }
}

/// Adds lines to the end of the audit trail, in one transaction.
struct AuditWriter {
    let database: Database
    private var last: Int64
    private var head: [UInt8]
    private let encoder: JSONEncoder

    init(_ database: Database) throws {
        self.database = database
        last =
            try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'audit'") ?? 0
        head = try AuditChain.head(database)
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
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
        _ verb: String, _ subject: String, _ detail: some Encodable, by who: String, at time: Timestamp
    ) throws {
        let text = String(decoding: try encoder.encode(detail), as: UTF8.self)
        try add(verb, subject, text, by: who, at: time)
    }
}

extension Store.Entry {
    /// Writes the event to its table, and a line to the audit trail.
    func write(to trail: inout AuditWriter) throws {
        let database = trail.database
        guard isTold else { return try keep(in: database) }
        switch event {
        case .alert(let alert):
            try alert.write(to: database)
        case .imposed(let sanction):
            try sanction.write(to: database)
            try note(sanction.rule.kind.word, sanction, nil, &trail)
        case .updated(let sanction):
            try sanction.write(to: database)
            try note("update", sanction, nil, &trail)
        case .ended(let sanction, let ending):
            try sanction.write(to: database, ended: time, ending: ending)
            try note("end", sanction, ending, &trail)
        case .allowed(let entry):
            try entry.write(to: database)
            try note("allow", "\(entry.prefix)", &trail) {
                ($0.reason, $0.expires) = (entry.reason, entry.expires?.seconds)
            }
        case .disallowed(let entry):
            try entry.delete(from: database)
            try note("disallow", "\(entry.prefix)", &trail)
        case .modeSet(let mode, let group, let configured):
            let saved = SavedMode(group: group, mode: mode, configured: configured)
            try saved.write(to: database)
            try note("mode", group ?? "agent", &trail) { $0.summary = mode.rawValue }
        case .tripped(let trip):
            try note("trip", "agent", &trail) { $0.summary = trip.reason }
        case .closed(let trip):
            try note("resume", "agent", &trail) { $0.summary = trip.reason }
        case .protected(let entry):
            try entry.write(to: database)
            try note("protect", "\(entry.prefix)", &trail) { $0.reason = entry.reason }
        case .unprotected(let entry):
            try entry.delete(from: database)
            try note("unprotect", "\(entry.prefix)", &trail)
        case .pending(let change):
            try change.write(to: database)
            try note("await", "change \(change.id)", &trail) {
                ($0.summary, $0.expires) = (change.summary, change.deadline.seconds)
            }
        case .confirmed(let change):
            try change.delete(from: database)
            try note("confirm", "change \(change.id)", &trail) { $0.summary = change.summary }
        case .undone(let change):
            try change.delete(from: database)
            try note("undo", "change \(change.id)", &trail) { $0.summary = change.summary }
        case .superseded(let change):
            try change.write(to: database)
            try note("supersede", "change \(change.id)", &trail) {
                $0.summary =
                    change.steps.isEmpty ? "nothing is left of it" : "left of it: \(change.summary)"
            }
        case .summed(let sum):
            try note(sum.kind.rawValue, sum.service.map { "\($0.destination)" } ?? "agent", &trail) {
                ($0.summary, $0.reason, $0.count) = (sum.sentence, sum.reason, sum.count)
            }
        case .clockSet(let step):
            try Store.moveEnds(by: step, database)
            try note("clock", "agent", &trail) { $0.summary = "set by \(step.seconds) s" }
        }
    }

    /// Keeps what must outlive the agent, and nothing of what is over: of what is only counted, the sums tell.
    private func keep(in database: Database) throws {
        switch event {
        case .imposed(var sanction):
            // There may be ten thousand of them: what they take most for is in no sum, and not worth it.
            (sanction.summary, sanction.configuration) = ("one of many", nil)
            try sanction.write(to: database)
        case .updated(let sanction): try sanction.writeState(to: database)
        case .ended(let sanction, _): try sanction.delete(from: database)
        default: break
        }
    }

    private func note(
        _ verb: String, _ subject: String, _ trail: inout AuditWriter,
        _ fill: (inout ChangeDetail) -> Void = { _ in }
    ) throws {
        var detail = ChangeDetail(configuration: configuration)
        fill(&detail)
        try trail.add(verb, subject, detail, by: who, at: time)
    }

    private func note(
        _ verb: String, _ sanction: Sanction, _ ending: Event.Ending?, _ trail: inout AuditWriter
    ) throws {
        // The evidence once, where the rule begins.
        let isBeginning = verb == "ban" || verb == "limit" || verb == "prove"
        let alert =
            try isBeginning ? sanction.alertID.flatMap { try Alert.fetch(id: $0, from: trail.database) } : nil
        let detail = AuditDetail(sanction, ending: ending, alert: alert)
        try trail.add(verb, "\(sanction.prefix)", detail, by: who, at: time)
    }
}
