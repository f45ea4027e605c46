import Foundation
import GRDB
package import Traffic

/// A learned model as the store keeps it.
package struct SavedModel: Hashable, Sendable {
    /// Identity and version.
    package var id: String
    package var trained: Timestamp
    /// JSON: kind, feature schema, provenance; for people and queries, not for loading.
    package var metadata: String
    /// The model file.
    package var data: [UInt8]

    package init(id: String, trained: Timestamp, metadata: String, data: [UInt8]) {
        self.id = id
        self.trained = trained
        self.metadata = metadata
        self.data = data
    }
}

extension Store {
    /// Keeps a model, in place of one with the same id.
    package func save(_ model: SavedModel) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO model (id, trained, metadata, data) VALUES (?, ?, ?, ?)",
                arguments: [model.id, model.trained.nanoseconds, model.metadata, Data(model.data)])
        }
    }

    /// The model that was trained last.
    package func latestModel() throws(StoreError) -> SavedModel? {
        try read { database in
            guard
                let row = try Row.fetchOne(database, sql: "SELECT * FROM model ORDER BY trained DESC LIMIT 1")
            else {
                return nil
            }
            let reader = RowReader(row: row, table: "model")
            return SavedModel(
                id: try reader.value("id"), trained: try reader.time("trained"),
                metadata: try reader.value("metadata"), data: Array(try reader.value("data") as Data))
        }
    }
}
