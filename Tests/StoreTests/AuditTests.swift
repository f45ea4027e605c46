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
        #expect(second.broken == nil && second.last.hash != first.last.hash)
        #expect(second.last.line == second.newest)
    }

    @Test("It is verified part by part as it is as a whole", arguments: [1, 7, 20, 100])
    func goesByParts(_ size: Int) throws {
        var (place, lines) = (AuditPlace.start, 0)
        repeat {
            let part = try store.verifyAudit(after: place, limit: size)
            #expect(part.broken == nil && part.lines <= size && part.newest == 20)
            // As it comes back from a client.
            place = try #require(AuditPlace(line: part.last.line, hash: part.last.hash))
            lines += part.lines
        } while place.line < 20
        #expect(lines == 20)
        #expect(try store.verifyAudit().last == place)
        // A place that was never reached is one where the chain does not go on.
        let wrong = AuditPlace(line: 7, hash: String(repeating: "0", count: 64))
        #expect(try store.verifyAudit(after: try #require(wrong)).broken == 8)
        #expect(AuditPlace(line: 7, hash: "00") == nil && AuditPlace(line: 7, hash: "no hash") == nil)
    }

    @Test("It is verified and read while somebody writes")
    func readsBesideWriting() throws {
        try store.write { database in
            try database.execute(sql: "DELETE FROM alert")
            #expect(try store.verifyAudit().lines == 20)
            #expect(try store.auditTrail(limit: 3).map(\.id) == [20, 19, 18])
        }
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

    @Test("Lines are picked out by source, reason, kind and time, whichever version wrote them")
    func filters() throws {
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }
        let later = now + .seconds(1)
        var events = try policy.ban(try prefix("192.0.2.7"), for: nil, reason: "abuse", at: later).1.events
        events += try policy.ban(try prefix("2001:db8::/48"), for: nil, reason: nil, at: later).1.events
        events += try policy.allow(try prefix("10.0.0.0/8"), for: nil, reason: "ours", at: later).2.events
        try store.save(events, by: "alice", under: "c0", at: later)
        try store.note("allow", "172.16.0.0/12", detail: "ours", by: "bob", at: later + .seconds(1))
        func subjects(_ lines: [AuditLine]) -> [String] { lines.map(\.subject) }
        #expect(
            subjects(try store.auditTrail(source: try prefix("192.0.2.0/24"), limit: 9)) == ["192.0.2.7"])
        #expect(
            subjects(try store.auditTrail(source: try prefix("2001:db8::5"), limit: 9)) == ["2001:db8::/48"])
        #expect(subjects(try store.auditTrail(reason: "abuse", limit: 9)) == ["192.0.2.7"])
        #expect(subjects(try store.auditTrail(reason: "ours", limit: 9)) == ["172.16.0.0/12", "10.0.0.0/8"])
        #expect(subjects(try store.auditTrail(reason: "ours", verb: "allow", limit: 1)) == ["172.16.0.0/12"])
        #expect(subjects(try store.auditTrail(since: later, limit: 9)) == ["172.16.0.0/12"])
        #expect(try store.auditTrail(verb: "test", limit: 3).map(\.id) == [20, 19, 18])
        #expect(try store.auditTrail(source: try prefix("8.8.8.8"), limit: 9).isEmpty)
    }

    @Test("The configuration in use stands in each line of what was changed under it")
    func keepsConfiguration() throws {
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        let prefix = try #require(Prefix("2001:db8::/48"))
        let before = policy
        var changes = try policy.allow(prefix, for: nil, reason: nil, at: now).2
        changes += try policy.protect(prefix, reason: "us", at: now).2
        changes += try policy.changeMode(to: .shadow, of: nil)
        try policy.awaitConfirmation(of: &changes, since: before, within: .seconds(60), at: now)
        changes += try policy.confirm(nil, at: now).1
        changes += try policy.unprotect(prefix).1
        changes += try policy.disallow(prefix).1
        let events = changes.events + policy.clockWasSet(by: .seconds(5))
        try store.save(events, by: "alice", under: "c0ffee", at: now)
        try store.note("start", "agent", detail: "version 1", by: "agent", under: "c0ffee", at: now)
        let lines = try store.auditTrail(limit: events.count + 1)
        for line in lines { #expect(line.detail.contains("\"configuration\":\"c0ffee\""), "\(line)") }
        for verb in [
            "allow", "disallow", "protect", "unprotect", "mode", "await", "confirm", "clock", "start",
        ] {
            #expect(lines.contains { $0.verb == verb }, "\(verb)")
        }
    }
}
