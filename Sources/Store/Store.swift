import Foundation
import GRDB
package import Policy
import Synchronization
package import Traffic

/// The agent's memory on disk: bans, allow-list, alerts, models and audit in one SQLite file.
///
/// Every call is one transaction that has reached the disk when it returns, so that neither `kill -9` nor a
/// loss of power leaves half of it. The calls block; one serial context should make them.
package final class Store: Sendable {
    /// The newest are kept, of each table.
    package struct Retention: Hashable, Sendable {
        package var alerts = 100_000
        package var endedSanctions = 100_000
        /// Of each policy group.
        package var models = 5
        /// Days of what was seen by the hour.
        package var activity = 90

        /// What the agent keeps.
        package init() {}
    }

    /// Records that wait for the disk at most; then the oldest are lost.
    private static let maximumPending = 100_000

    package let path: String
    let database: DatabaseQueue
    private let pending = Mutex<[Entry]>([])

    /// An event with who made it happen, under which configuration, and when.
    struct Entry: Sendable {
        var event: Event
        var who: String
        var configuration: String?
        var time: Timestamp
        /// Whether it is in alerts and trail; of others only what must outlive the agent is kept.
        var isTold = true
    }

    /// Opens the database at `path`, or makes one (and its folder) if there is none.
    ///
    /// A file that cannot be used is left as it is.
    package init(path: String) throws(StoreError) {
        self.path = path
        do {
            try Self.prepareFile(at: path)
            var configuration = Configuration()
            configuration.journalMode = .wal
            configuration.busyMode = .timeout(2)
            try Self.examine(path)
            database = try DatabaseQueue(path: path, configuration: configuration)
            // GRDB's default for WAL may lose the last transactions when power is lost.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try database.write { try $0.execute(sql: "PRAGMA application_id = \(Schema.applicationID)") }
            try Schema.migrator.migrate(database)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Opens the database of an agent, which may be running, to read what is in it.
    ///
    /// Nothing is changed: one that an older version wrote is not brought up to date.
    package init(reading path: String) throws(StoreError) {
        self.path = path
        do {
            guard FileManager.default.fileExists(atPath: path) else {
                throw StoreError(.failed, path: path, detail: "there is no such database")
            }
            try Self.examine(path)
            database = try DatabaseQueue(path: path, configuration: Self.readOnly)
            guard try database.read(Schema.migrator.hasCompletedMigrations) else {
                throw StoreError(
                    .failed, path: path,
                    detail: "an older version wrote it: start this version's agent on it once")
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Makes the folder and an empty file that others cannot read.
    private static func prepareFile(at path: String) throws {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: path) else { return }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try manager.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        } catch {
            throw StoreError(.cannotOpen, path: path, detail: "the folder \(folder) cannot be made")
        }
        guard manager.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o640]) else {
            throw StoreError(.cannotOpen, path: path, detail: "it cannot be made in \(folder)")
        }
    }

    /// Throws if a file is damaged, not ours, or newer than this program; changes nothing.
    private static func examine(_ path: String) throws {
        try DatabaseQueue(path: path, configuration: readOnly).read { database in
            guard try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") != 0 else { return }
            let id = try Int32.fetchOne(database, sql: "PRAGMA application_id")
            guard id == Schema.applicationID else { throw StoreError(.foreign, path: path) }
            if let complaint = try String.fetchOne(database, sql: "PRAGMA quick_check(1)"), complaint != "ok"
            {
                throw StoreError(.corrupt, path: path, detail: complaint)
            }
            if try Schema.migrator.hasBeenSuperseded(database) { throw StoreError(.newer, path: path) }
        }
    }

    /// Writes what happened; if that fails, the events are kept and tried again with the next call.
    ///
    /// `who` made it happen, for the audit trail: `agent`, `operator` ...; `configuration` is the hash of the one in use. Of
    /// `counted` events only the rules are kept, as long as they are in force.
    package func save(
        _ events: [Event], counted: [Event] = [], by who: String, under configuration: String? = nil,
        at now: Timestamp
    ) throws(StoreError) {
        func entry(_ event: Event, isTold: Bool) -> Entry {
            Entry(event: event, who: who, configuration: configuration, time: now, isTold: isTold)
        }
        let entries = pending.withLock { pending in
            pending += counted.map { entry($0, isTold: false) } + events.map { entry($0, isTold: true) }
            return pending
        }
        guard !entries.isEmpty else { return }
        do {
            try write { database in
                var trail = try AuditWriter(database)
                for entry in entries { try entry.write(to: &trail) }
            }
            pending.withLock { $0.removeFirst(entries.count) }
        } catch {
            pending.withLock { $0.removeFirst(max(0, $0.count - Self.maximumPending)) }
            throw error
        }
    }

    /// Writes what bans and limits in force have dropped.
    package func saveCounters(of sanctions: [Sanction]) throws(StoreError) {
        try write { database in
            for sanction in sanctions { try sanction.writeCounters(to: database) }
        }
    }

    /// What the policy begins with.
    ///
    /// `memory` is how long bans that have ended count for repeat offenders.
    package func savedState(at now: Timestamp, memory: Duration) throws(StoreError) -> SavedState {
        try read { database in
            var state = SavedState()
            state.sanctions = try Sanction.fetchInForce(from: database)
            state.pastBans = try Sanction.fetchEnded(since: now - memory, from: database)
            state.lifted = try Sanction.fetchLifted(since: now - memory, from: database)
            state.modes = try SavedMode.fetchAll(from: database)
            state.allowed = try AllowEntry.fetchAll(from: database)
            state.protected = try ProtectedPrefix.fetchAll(from: database)
            state.pending = try PendingChange.fetchAll(from: database)
            let ids = "SELECT rule_id FROM sanction UNION ALL SELECT rule_id FROM allowed"
            let rules = "SELECT max(rule_id) FROM (\(ids))"
            state.lastRuleID = UInt32(clamping: try Int64.fetchOne(database, sql: rules) ?? 0)
            state.lastPendingID = try Int64.fetchOne(database, sql: "SELECT last_change FROM agent") ?? 0
            state.lastAlertID = try Int64.fetchOne(database, sql: "SELECT max(id) FROM alert") ?? 0
            return state
        }
    }

    /// Deletes what is older than anyone will ask for, but for the audit trail.
    package func prune(to retention: Retention = Retention()) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "DELETE FROM alert WHERE id <= (SELECT max(id) FROM alert) - ?",
                arguments: [retention.alerts])
            try database.execute(
                sql: """
                    DELETE FROM sanction WHERE ended IS NOT NULL AND rule_id NOT IN
                    (SELECT rule_id FROM sanction WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT ?)
                    """, arguments: [retention.endedSanctions])
            try database.execute(
                sql: """
                    DELETE FROM model WHERE role NOT IN ('champion', 'challenger')
                    AND id NOT IN (SELECT id FROM (SELECT id, row_number() OVER
                    (PARTITION BY policy_group ORDER BY trained DESC) AS place FROM model) WHERE place <= ?)
                    """,
                arguments: [retention.models])
            try database.execute(
                sql: "DELETE FROM activity WHERE hour < (SELECT max(hour) FROM activity) - ?",
                arguments: [Int64(retention.activity) * 86_400_000_000_000])
        }
    }

    /// Brings all that was written into the one file, as a copy of it should have it.
    ///
    /// What was written last stands in a log beside it. Somebody who reads meanwhile may keep part of it there.
    package func settle() throws(StoreError) {
        do {
            try database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            return
        } catch {
            throw StoreError(error, path: path)
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Reads on a connection of its own, beside whatever is being written: what takes long keeps nobody waiting.
    ///
    /// To be called from any thread.
    func readBeside<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try DatabaseQueue(path: path, configuration: Self.readOnly).read(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static var readOnly: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        return configuration
    }

    func write(_ body: (Database) throws -> Void) throws(StoreError) {
        do {
            try database.write(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }
}
