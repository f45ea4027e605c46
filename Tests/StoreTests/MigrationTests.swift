import Detection
import Foundation
import GRDB
import Policy
import Testing
import Traffic

@testable import Store

@Suite("Databases of earlier versions")
struct MigrationTests {
    private static let now = Timestamp(nanoseconds: 1_700_000_010_000_000_000)

    private static let fixtures = [
        SchemaFixtures.version1, SchemaFixtures.version2, SchemaFixtures.version3, SchemaFixtures.version4,
        SchemaFixtures.version5, SchemaFixtures.version5, SchemaFixtures.version5, SchemaFixtures.version5,
        SchemaFixtures.version5, SchemaFixtures.version5, SchemaFixtures.version5,
    ]

    @Test("There is a database of every earlier version to try it on")
    func isComplete() {
        #expect(Schema.migrator.migrations == (1...Self.fixtures.count + 1).map { "\($0)" })
    }

    @Test(
        "Nothing is lost: bans, allow-list, alerts, models and the audit trail, which is a chain from then on",
        arguments: fixtures.enumerated().map { ($0.offset + 1, $0.element) })
    func migrates(_ version: Int, _ sql: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("sluice.db")
        let old = try DatabaseQueue(path: path)
        try old.write { try $0.execute(sql: sql) }
        // From the fifth on, the audit trail is a chain, whose hashes are not worth writing down.
        if version >= 5 { try Schema.migrator.migrate(old, upTo: "\(version)") }
        // The third brought recordings, which the ninth tells apart by group.
        if version >= 3 {
            let group = version >= 9 ? "'', " : ""
            try old.write { try $0.execute(sql: "INSERT INTO recording VALUES (\(group)1, 2, x'03')") }
        }
        try old.close()

        let store = try Store(path: path)
        let state = try store.savedState(at: Self.now, memory: .seconds(86_400))
        #expect(state.sanctions.map(\.rule.id) == [1, 2])
        #expect(state.sanctions.map { "\($0.prefix)" } == ["192.0.2.7", "10.20.0.2"])
        #expect(state.sanctions[1].rule.action == .limit(Rule.Rate(packets: 1000)))
        #expect(state.allowed.map { "\($0.prefix)" } == ["10.0.0.0/8"])
        #expect(state.lifted.keys.map { "\($0)" } == ["2001:db8:1::/64"])
        let alerts = try store.alerts(since: nil, limit: 9)
        #expect(alerts.map(\.verdict.summary) == ["many packets"])
        // Of which features it tells is not known.
        #expect(alerts.map(\.verdict.schema) == [""] && alerts.map(\.verdict.othersNearer) == [nil])
        #expect(try store.lastMoment() == nil && state.lastPendingID == 0)
        #expect(try store.auditTrail(limit: 9).map(\.verb) == ["limit", "ban"])
        #expect(try store.verifyAudit().broken == nil)
        try store.note("start", "agent", by: "agent", at: Self.now)
        let verified = try store.verifyAudit()
        #expect(verified.broken == nil && verified.lines == 3)
        #expect(try store.models().map(\.id) == ["site-1"])
        #expect(try store.model(.champion)?.group == nil && store.model(.champion)?.id == "site-1")
        let recorded = try store.recordings(after: Timestamp(nanoseconds: 0))
        #expect(recorded.map(\.data) == (version >= 3 ? [[3]] : []))
    }
}
