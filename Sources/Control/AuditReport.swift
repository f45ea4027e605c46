package import Traffic

/// One line of the audit trail: who did what, and when.
package struct AuditReport: Codable, Hashable, Sendable {
    package var id: Int64
    package var time: Timestamp
    /// `agent`, or the user who asked for it.
    package var who: String
    /// `ban`, `limit`, `update`, `end`, `allow`, `disallow`, `mode`, `trip`, `start`, `stop` ...
    package var verb: String
    /// What it was done to.
    package var subject: String
    /// Words, or of rules and decisions a JSON document.
    package var detail: String

    package init(id: Int64, time: Timestamp, who: String, verb: String, subject: String, detail: String) {
        self.id = id
        self.time = time
        self.who = who
        self.verb = verb
        self.subject = subject
        self.detail = detail
    }
}

/// What was done, in one word.
package enum AuditKind: String, CaseIterable, Sendable {
    /// Rules: made, changed, ended.
    case ban, limit, update, end
    case allow, disallow, protect, unprotect
    /// Changes that are to be confirmed.
    case await, confirm, undo, supersede
    case mode, trip, clock, mend, reload, model, feedback, start, stop
}

/// `GET audit` (see `AuditQuery`): newest first.
package struct AuditList: Codable, Hashable, Sendable {
    package var lines: [AuditReport]
    package init(lines: [AuditReport]) { self.lines = lines }
}

/// Where a part of the audit trail ended, for the next to begin: `GET audit/verify?after=LINE&hash=HASH`.
package struct AuditPart: Hashable, Sendable {
    /// Id of a line; 0 is before the first.
    package var line: Int64
    package var hash: String

    package init(line: Int64, hash: String) {
        self.line = line
        self.hash = hash
    }
}

/// `GET audit/verify`: whether the trail is what was written, a part of it at a time.
package struct AuditVerdict: Codable, Hashable, Sendable {
    /// Lines that were looked at.
    package var lines: Int
    /// The first line that was changed, or that others are missing before; absent if there is none.
    package var broken: Int64?
    /// Number of the last line that was looked at; `newest` if that was all.
    package var last: Int64
    /// Hash of that line, in hexadecimal; noted elsewhere, it shows later whether lines were cut off the end.
    package var head: String
    /// Number of the newest line.
    package var newest: Int64

    package init(lines: Int, broken: Int64? = nil, last: Int64, head: String, newest: Int64) {
        self.lines = lines
        self.broken = broken
        self.last = last
        self.head = head
        self.newest = newest
    }
}

extension ControlService {
    /// Verifies the whole trail, part by part; `report` is called after each with what is known so far.
    package func verifyAudit(_ report: (AuditVerdict) -> Void) async throws -> AuditVerdict {
        var verdict = try await verifyAudit(after: nil)
        while verdict.broken == nil, verdict.last < verdict.newest {
            report(verdict)
            var next = try await verifyAudit(after: AuditPart(line: verdict.last, hash: verdict.head))
            next.lines += verdict.lines
            verdict = next
        }
        return verdict
    }
}
