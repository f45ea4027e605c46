import GRDB
import Policy
import Traffic

extension ProtectedPrefix {
    /// What operators protect by name.
    static func fetchAll(from database: Database) throws -> [ProtectedPrefix] {
        try Row.fetchAll(database, sql: "SELECT * FROM protected ORDER BY since, prefix").map { row in
            let reader = RowReader(row: row, table: "protected")
            return ProtectedPrefix(
                prefix: try reader.parsed("prefix"), reason: try reader.value("reason"),
                named: try reader.time("since"))
        }
    }

    func write(to database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO protected (prefix, since, reason) VALUES (?, ?, ?)",
            arguments: ["\(prefix)", named?.nanoseconds ?? 0, reason])
    }

    func delete(from database: Database) throws {
        try database.execute(sql: "DELETE FROM protected WHERE prefix = ?", arguments: ["\(prefix)"])
    }
}

extension PendingChange {
    /// Every change that waits to be confirmed, the oldest first.
    static func fetchAll(from database: Database) throws -> [PendingChange] {
        var changes: [PendingChange] = []
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM pending ORDER BY change_id, step")
        while let row = try rows.next() {
            let reader = RowReader(row: row, table: "pending")
            let id: Int64 = try reader.value("change_id")
            if changes.last?.id != id {
                changes.append(
                    PendingChange(
                        id: id, made: try reader.time("made"), deadline: try reader.time("deadline"),
                        steps: []))
            }
            guard let step = try Step(reader, database) else { continue }
            changes[changes.count - 1].steps.append(step)
        }
        return changes
    }

    /// Writes the change, in place of an earlier state of it.
    func write(to database: Database) throws {
        try delete(from: database)
        try database.execute(sql: "UPDATE agent SET last_change = max(last_change, ?)", arguments: [id])
        for (place, step) in steps.enumerated() {
            try step.write(at: place, of: self, to: database)
        }
    }

    func delete(from database: Database) throws {
        try database.execute(sql: "DELETE FROM pending WHERE change_id = ?", arguments: [id])
    }
}

extension PendingChange.Step {
    /// `nil` if what was lifted is not kept any more.
    fileprivate init?(_ reader: RowReader, _ database: Database) throws {
        let kind: String = try reader.value("kind")
        switch kind {
        case "ban":
            self = .ban(try reader.parsed("prefix"), expires: try reader.optionalTime("expires"))
        case "allow":
            self = .allow(try reader.parsed("prefix"), expires: try reader.optionalTime("expires"))
        case "unban":
            let id: Int64 = try reader.value("rule_id")
            let sql = "SELECT * FROM sanction WHERE rule_id = ?"
            guard let row = try Row.fetchOne(database, sql: sql, arguments: [id]) else { return nil }
            self = .unban(try Sanction(row))
        case "disallow":
            self = .disallow(
                AllowEntry(
                    ruleID: try reader.value("rule_id"), prefix: try reader.parsed("prefix"), origin: .manual,
                    since: try reader.time("since"), expires: try reader.optionalTime("expires"),
                    reason: try reader.optional("reason")))
        case "mode":
            self = .mode(
                of: try reader.optional("policy_group"), from: try reader.choice("mode_from"),
                to: try reader.choice("mode_to"))
        default: throw reader.malformed("kind")
        }
    }

    fileprivate func write(at place: Int, of change: PendingChange, to database: Database) throws {
        var columns: [String: (any DatabaseValueConvertible)?] = [:]
        switch self {
        case .ban(let prefix, let expires):
            columns = ["kind": "ban", "prefix": "\(prefix)", "expires": expires?.nanoseconds]
        case .allow(let prefix, let expires):
            columns = ["kind": "allow", "prefix": "\(prefix)", "expires": expires?.nanoseconds]
        case .unban(let sanction):
            columns = ["kind": "unban", "prefix": "\(sanction.prefix)", "rule_id": sanction.rule.id]
        case .disallow(let entry):
            columns = [
                "kind": "disallow", "prefix": "\(entry.prefix)", "rule_id": entry.ruleID,
                "since": entry.since.nanoseconds, "expires": entry.expires?.nanoseconds,
                "reason": entry.reason,
            ]
        case .mode(let group, let before, let after):
            columns = [
                "kind": "mode", "policy_group": group, "mode_from": before.rawValue,
                "mode_to": after.rawValue,
            ]
        }
        let names = [
            "kind", "prefix", "rule_id", "since", "expires", "reason", "policy_group", "mode_from", "mode_to",
        ]
        let fixed: [(any DatabaseValueConvertible)?] = [
            change.id, place, change.made.nanoseconds, change.deadline.nanoseconds,
        ]
        try database.cachedStatement(
            sql: """
                INSERT INTO pending (change_id, step, made, deadline, \(names.joined(separator: ", ")))
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: StatementArguments(fixed + names.map { columns[$0] ?? nil }))
    }
}
