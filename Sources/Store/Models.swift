import Foundation
import GRDB
package import Traffic

/// A learned model as the store keeps it.
package struct SavedModel: Hashable, Sendable {
    /// What the agent does with it.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// In use; one a group at most.
        case champion
        /// On probation beside the champion, or about to be; one a group at most.
        case challenger
        /// Was in use; the one retired last is what a rollback goes back to.
        case retired
        /// Did not find what the champion finds, or did not pass its trial.
        case rejected
    }

    /// Identity and version.
    package var id: String
    /// The policy group whose own model it is; `nil`: the shared one.
    package var group: String?
    package var trained: Timestamp
    package var role: Role
    /// Since when it has this role.
    package var since: Timestamp
    /// Why it has this role, for people.
    package var note: String
    /// JSON: kind, feature schema, provenance; for people and queries, not for loading.
    package var metadata: String
    /// The model file.
    package var data: [UInt8]

    package init(
        id: String, group: String? = nil, trained: Timestamp, role: Role, since: Timestamp, note: String = "",
        metadata: String, data: [UInt8]
    ) {
        self.id = id
        self.group = group
        self.trained = trained
        self.role = role
        self.since = since
        self.note = note
        self.metadata = metadata
        self.data = data
    }

    fileprivate init(row: Row) throws {
        let reader = RowReader(row: row, table: "model")
        let group: String = try reader.value("policy_group")
        self.init(
            id: try reader.value("id"), group: group.isEmpty ? nil : group,
            trained: try reader.time("trained"), role: try reader.choice("role"),
            since: try reader.time("since"), note: try reader.value("note"),
            metadata: try reader.value("metadata"), data: Array(try reader.value("data") as Data))
    }
}

/// Windows of a span of time, to learn from.
package struct Recording: Hashable, Sendable {
    package var started: Timestamp
    package var ended: Timestamp
    /// A safetensors file.
    package var data: [UInt8]
}

extension Store {
    /// Keeps a model, in place of one with the same id; who had its role before, if only one may have it, gives it up.
    package func save(_ model: SavedModel) throws(StoreError) {
        try write { database in
            try Self.makeRoom(for: model.role, of: model.group ?? "", since: model.since, in: database)
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO model (id, policy_group, trained, role, since, note, metadata, data)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    model.id, model.group ?? "", model.trained.nanoseconds, model.role.rawValue,
                    model.since.nanoseconds,
                    model.note,
                    model.metadata, Data(model.data),
                ])
        }
    }

    /// Gives a model another role, from whoever had it; nothing happens to a model that is not there.
    package func assign(
        _ role: SavedModel.Role, to id: String, note: String, at now: Timestamp
    ) throws(StoreError) {
        try write { database in
            let group = try String.fetchOne(
                database, sql: "SELECT policy_group FROM model WHERE id = ?", arguments: [id])
            guard let group else { return }
            try Self.makeRoom(for: role, of: group, since: now, in: database)
            try database.execute(
                sql: "UPDATE model SET role = ?, since = ?, note = ? WHERE id = ?",
                arguments: [role.rawValue, now.nanoseconds, note, id])
        }
    }

    private static func makeRoom(
        for role: SavedModel.Role, of group: String, since: Timestamp, in database: Database
    ) throws {
        let successor: SavedModel.Role
        switch role {
        case .champion: successor = .retired
        case .challenger: successor = .rejected
        case .retired, .rejected: return
        }
        try database.execute(
            sql: """
                UPDATE model SET role = ?, since = ?, note = 'replaced' WHERE role = ? AND policy_group = ?
                """,
            arguments: [successor.rawValue, since.nanoseconds, role.rawValue, group])
    }

    /// A group's model (`nil`: the shared one) with a role, the latest one that got it; `nil` if none has it.
    package func model(_ role: SavedModel.Role, of group: String? = nil) throws(StoreError) -> SavedModel? {
        try read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT * FROM model WHERE role = ? AND policy_group = ?
                    ORDER BY since DESC, trained DESC LIMIT 1
                    """,
                arguments: [role.rawValue, group ?? ""]
            ).map(SavedModel.init)
        }
    }

    /// Every model that is kept, the one trained last first.
    package func models() throws(StoreError) -> [SavedModel] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM model ORDER BY trained DESC, id").map(
                SavedModel.init)
        }
    }

    /// A group's windows (`nil`: those for the shared model) recorded from `started` on, in place of what was recorded from
    /// then on before.
    package func save(
        recording data: [UInt8], of group: String? = nil, started: Timestamp, ended: Timestamp
    ) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO recording (policy_group, started, ended, data) VALUES (?, ?, ?, ?)
                    """,
                arguments: [group ?? "", started.nanoseconds, ended.nanoseconds, Data(data)])
        }
    }

    /// A group's recorded windows (`nil`: those for the shared model) that end after `time`, oldest first.
    package func recordings(
        after time: Timestamp, of group: String? = nil
    ) throws(StoreError) -> [Recording] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM recording WHERE policy_group = ? AND ended > ? ORDER BY started",
                arguments: [group ?? "", time.nanoseconds]
            ).map { row in
                let reader = RowReader(row: row, table: "recording")
                return Recording(
                    started: try reader.time("started"), ended: try reader.time("ended"),
                    data: Array(try reader.value("data") as Data))
            }
        }
    }

    /// Deletes recorded windows that end before `time`, of every group.
    package func pruneRecordings(before time: Timestamp) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "DELETE FROM recording WHERE ended < ?", arguments: [time.nanoseconds])
        }
    }
}
