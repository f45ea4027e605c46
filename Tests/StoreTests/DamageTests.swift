import Detection
import Features
import Foundation
import GRDB
import Policy
import Testing
import Traffic

@testable import Store

@Suite("A database that cannot be used")
struct DamageTests {
    let folder: TemporaryFolder
    let path: String
    let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("sluice.db")
    }

    /// The error of opening the file, which must not have changed it.
    private func refusal() throws -> StoreError {
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = try #require(throws: StoreError.self) { try Store(path: path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        return error
    }

    @Test("A file that is no database is left as it is")
    func isNoDatabase() throws {
        try Data("mode: shadow\n".utf8).write(to: URL(fileURLWithPath: path))
        let error = try refusal()
        #expect(error.code == .corrupt)
        #expect(error.description.contains("Move it out of the way"))
    }

    @Test("A damaged database is left as it is")
    func isDamaged() throws {
        do {
            let store = try Store(path: path)
            for place in 0..<200 {
                try store.note(
                    "test", "\(place)", detail: String(repeating: "x", count: 500), by: "t", at: now)
            }
            try store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            try store.database.close()
        }
        let url = URL(fileURLWithPath: path)
        var data = try Data(contentsOf: url)
        for index in 8192..<data.count - 4096 { data[index] = 0xA5 }
        try data.write(to: url)
        #expect(try refusal().code == .corrupt)
    }

    @Test("A database of another program is left as it is")
    func isForeign() throws {
        do {
            let database = try DatabaseQueue(path: path)
            try database.write { try $0.execute(sql: "CREATE TABLE recipe (name TEXT)") }
            try database.close()
        }
        #expect(try refusal().code == .foreign)
    }

    @Test("A database of a newer Sluice is left as it is")
    func isNewer() throws {
        do {
            let store = try Store(path: path)
            try store.database.write {
                try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('999')")
            }
            try store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            try store.database.close()
        }
        #expect(try refusal().code == .newer)
    }

    @Test("A folder where nothing can be made is reported")
    func isNowhere() throws {
        try Data().write(to: URL(fileURLWithPath: folder.file("file")))
        let error = try #require(throws: StoreError.self) { try Store(path: folder.file("file/sluice.db")) }
        #expect(error.code == .cannotOpen)
    }

    @Test("A value that no Sluice has written is an error, not a crash")
    func hasOddRows() throws {
        for (column, value) in [
            ("prefix", "'nonsense'"), ("since", "-5"), ("since", "\(Int64.max)"), ("offence", "1e300"),
        ] {
            let store = try Store(path: folder.file("\(UUID().uuidString).db"))
            try store.save(try events("192.0.2.7"), by: "agent", at: now)
            do {
                try store.database.write { try $0.execute(sql: "UPDATE sanction SET \(column) = \(value)") }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                continue
            }
            let error = #expect(throws: StoreError.self) { try store.savedState(at: now, memory: .zero) }
            #expect(error?.code == .corrupt)
            #expect(error?.description.contains("malformed value in sanction.\(column)") == true)
        }
    }

    @Test("When the disk is full, what was to be written is kept and written when there is room")
    func survivesFullDisk() throws {
        let store = try Store(path: path)
        try store.database.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let events = try (0..<200).flatMap { try self.events("192.0.2.\($0)", firstID: Int64($0) * 10 + 1) }
        let error = #expect(throws: StoreError.self) { try store.save(events, by: "agent", at: now) }
        #expect(error?.code == .full)
        #expect(try store.alertCount() == 0)
        try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        try store.save([], by: "agent", at: now)
        #expect(try store.alertCount() == 200)
    }

    @Test("A process that dies in the middle of a write leaves what it had finished")
    func survivesKill() throws {
        let store = try Store(path: path)
        try store.save(try events("192.0.2.7"), by: "agent", at: now)
        // What a dead process leaves: the file and its log, as they are on disk now.
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: folder.file("copy.db") + suffix)
        }
        let log = URL(fileURLWithPath: folder.file("copy.db-wal"))
        try (Data(contentsOf: log) + Data(repeating: 7, count: 3000)).write(to: log)
        let copy = try Store(path: folder.file("copy.db"))
        #expect(try copy.savedState(at: now, memory: .zero).sanctions.map { "\($0.prefix)" } == ["192.0.2.7"])
    }

    private func events(_ source: String, firstID: Int64 = 1) throws -> [Event] {
        var state = SavedState()
        state.lastAlertID = firstID
        state.lastRuleID = UInt32(firstID)
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        _ = policy.start(allowing: [], restoring: state, at: now)
        let prefix = try #require(Prefix(source))
        let verdict = Verdict(
            time: now, entity: Entity(view: .source, prefix: prefix), score: 2, threshold: 1, tier: .block,
            reason: "scan", summary: String(repeating: "x", count: 200), features: [], model: "m",
            target: nil,
            isTwoWay: true)
        return policy.decide([verdict], at: now).events
    }
}
