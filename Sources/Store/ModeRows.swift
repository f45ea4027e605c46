import GRDB
import Policy
import Traffic

extension SavedMode {
    static func fetchAll(from database: Database) throws -> [SavedMode] {
        try Row.fetchAll(database, sql: "SELECT * FROM mode ORDER BY policy_group").map { row in
            let reader = RowReader(row: row, table: "mode")
            let group: String = try reader.value("policy_group")
            return SavedMode(
                group: group.isEmpty ? nil : group, mode: try reader.choice("mode"),
                configured: try reader.choice("configured"))
        }
    }

    func write(to database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO mode (policy_group, mode, configured) VALUES (?, ?, ?)"
        ).execute(arguments: [group ?? "", mode.rawValue, configured.rawValue])
    }
}
