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

    @Test(
        "Digests are those of FIPS 180-4 and of NIST's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func digests(_ message: String, _ expected: String) {
        let digest = SHA256.digest(of: Array(message.utf8))
        #expect(digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
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
