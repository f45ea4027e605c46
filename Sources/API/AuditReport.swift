package import Traffic

/// One line of the audit trail: who did what, and when.
package struct AuditReport: Codable, Hashable, Sendable {
    package var id: Int64
    package var time: Timestamp
    /// `agent`, or the user who asked for it.
    package var who: String
    /// `ban`, `limit`, `prove`, `update`, `end`, `allow`, `disallow`, `mode`, `trip`, `start`, `stop` ...
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
package enum AuditKind: String, Codable, CaseIterable, Sendable {
    /// Rules: made, changed, ended.
    case ban, limit, prove, update, end
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

/// Which part of the audit trail is to be verified: `GET audit/verify?after=LINE&hash=HASH`; without both, from the first line on.
package struct AuditPart: Codable, Hashable, Sendable {
    /// Id of the line where the part before it ended; 0 is before the first.
    package var after: Int64?
    /// The hash that this line must have.
    package var hash: String?

    package init(after: Int64? = nil, hash: String? = nil) {
        self.after = after
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
