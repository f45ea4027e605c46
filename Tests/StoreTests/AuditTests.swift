import Detection
import Features
import Foundation
import GRDB
import Policy
import Testing
import Traffic

@testable import Store

@Suite("The audit trail")
struct AuditTests {
    let folder: TemporaryFolder
    let store: Store
    let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

    init() throws {
        folder = try TemporaryFolder()
        store = try Store(path: folder.file("sluice.db"))
        for number in 1...20 {
            try store.note("test", "\(number)", detail: "line \(number)", by: "alice (uid 1000)", at: now)
        }
    }

    @Test("A trail that nobody touched is whole, and its head changes with each line")
    func isWhole() throws {
        let first = try store.verifyAudit()
        #expect(first.broken == nil && first.lines == 20)
        try store.note("test", "21", by: "bob", at: now)
        let second = try store.verifyAudit()
        #expect(second.broken == nil && second.head != first.head)
    }

    @Test(
        "The database itself refuses to change or delete a line",
        arguments: [
            "UPDATE audit SET who = 'bob' WHERE id = 7", "DELETE FROM audit WHERE id = 7",
            "DELETE FROM audit",
        ])
    func refuses(_ sql: String) throws {
        #expect(throws: DatabaseError.self) { try store.database.write { try $0.execute(sql: sql) } }
        #expect(try store.verifyAudit().lines == 20)
    }

    /// What somebody does who has the file, and takes the triggers off.
    static let tampering: [(String, Int64)] = [
        ("UPDATE audit SET who = 'bob' WHERE id = 7", 7),
        ("UPDATE audit SET time = time + 1 WHERE id = 7", 7),
        ("UPDATE audit SET subject = subject || detail, detail = '' WHERE id = 7", 7),
        ("UPDATE audit SET hash = x'00' WHERE id = 7", 7),
        ("DELETE FROM audit WHERE id = 7", 8),
        ("DELETE FROM audit WHERE id = 1", 2),
        ("UPDATE audit SET id = 100 WHERE id = 7", 8),
    ]

    @Test("Tampering is found at the first line that is not what was written", arguments: tampering)
    func isTamperedWith(_ sql: String, _ line: Int64) throws {
        try store.database.write {
            try $0.execute(sql: "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; \(sql)")
        }
        #expect(try store.verifyAudit().broken == line)
    }

    @Test("A decision stands in it with features, usual values, score, threshold, model and rule")
    func keepsEvidence() throws {
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        let verdict = Verdict(
            time: now, entity: Entity(view: .source, prefix: try #require(Prefix("192.0.2.7"))), score: 9,
            threshold: 3, tier: .block, reason: "scan", summary: "1,200 ports",
            features: [
                FeatureContribution(name: "novel_60", value: 1200, usual: 2, share: 0.9)
            ], model: "site-7", target: nil, isTwoWay: true)
        try store.save(policy.decide([verdict], at: now).events, by: "agent", at: now)
        let line = try #require(try store.auditTrail(limit: 1).first)
        #expect(line.verb == "ban" && line.subject == "192.0.2.7" && line.who == "agent")
        for part in [
            "\"name\":\"novel_60\"", "\"value\":1200", "\"usual\":2", "\"score\":9", "\"threshold\":3",
            "\"model\":\"site-7\"", "\"rule\":1", "\"offence\":1",
        ] {
            #expect(line.detail.contains(part), "\(part) in \(line.detail)")
        }
    }
}
