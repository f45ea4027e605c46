import Foundation
import GRDB
package import Traffic

/// A learned model as the store keeps it.
package struct SavedModel: Hashable, Sendable {
    /// What the agent does with it.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// In use; one at most.
        case champion
        /// On probation beside the champion; one at most.
        case challenger
        /// Was in use; the one retired last is what a rollback goes back to.
        case retired
        /// Did not pass its trial.
        case rejected
    }

    /// Identity and version.
    package var id: String
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
        id: String, trained: Timestamp, role: Role, since: Timestamp, note: String = "", metadata: String,
        data: [UInt8]
    ) {
        self.id = id
        self.trained = trained
        self.role = role
        self.since = since
        self.note = note
        self.metadata = metadata
        self.data = data
    }

    fileprivate init(row: Row) throws {
        let reader = RowReader(row: row, table: "model")
        self.init(
            id: try reader.value("id"), trained: try reader.time("trained"), role: try reader.choice("role"),
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
            try Self.makeRoom(for: model.role, since: model.since, in: database)
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO model (id, trained, role, since, note, metadata, data)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    model.id, model.trained.nanoseconds, model.role.rawValue, model.since.nanoseconds,
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
            try Self.makeRoom(for: role, since: now, in: database)
            try database.execute(
                sql: "UPDATE model SET role = ?, since = ?, note = ? WHERE id = ?",
                arguments: [role.rawValue, now.nanoseconds, note, id])
        }
    }

    private static func makeRoom(
        for role: SavedModel.Role, since: Timestamp, in database: Database
    ) throws {
        let successor: SavedModel.Role
        switch role {
        case .champion: successor = .retired
        case .challenger: successor = .rejected
        case .retired, .rejected: return
        }
        try database.execute(
            sql: "UPDATE model SET role = ?, since = ?, note = 'replaced' WHERE role = ?",
            arguments: [successor.rawValue, since.nanoseconds, role.rawValue])
    }

    /// The model with a role, the latest one that got it; `nil` if none has it.
    package func model(_ role: SavedModel.Role) throws(StoreError) -> SavedModel? {
        try read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM model WHERE role = ? ORDER BY since DESC, trained DESC LIMIT 1",
                arguments: [role.rawValue]
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

    /// The windows recorded from `started` on, in place of what was recorded from then on before.
    package func save(recording data: [UInt8], started: Timestamp, ended: Timestamp) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO recording (started, ended, data) VALUES (?, ?, ?)",
                arguments: [started.nanoseconds, ended.nanoseconds, Data(data)])
        }
    }

    /// Recorded windows that end after `time`, oldest first.
    package func recordings(after time: Timestamp) throws(StoreError) -> [Recording] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM recording WHERE ended > ? ORDER BY started",
                arguments: [time.nanoseconds]
            ).map { row in
                let reader = RowReader(row: row, table: "recording")
                return Recording(
                    started: try reader.time("started"), ended: try reader.time("ended"),
                    data: Array(try reader.value("data") as Data))
            }
        }
    }

    /// Deletes recorded windows that end before `time`.
    package func pruneRecordings(before time: Timestamp) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "DELETE FROM recording WHERE ended < ?", arguments: [time.nanoseconds])
        }
    }
}
