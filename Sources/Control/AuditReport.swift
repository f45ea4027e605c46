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

/// `GET audit?since=TIME&limit=N`: newest first.
package struct AuditList: Codable, Hashable, Sendable {
    package var lines: [AuditReport]
    package init(lines: [AuditReport]) { self.lines = lines }
}

/// `GET audit/verify`: whether the trail is what was written.
package struct AuditVerdict: Codable, Hashable, Sendable {
    /// Lines that were looked at.
    package var lines: Int
    /// The first line that was changed, or that others are missing before; absent if there is none.
    package var broken: Int64?
    /// Hash of the last line, in hexadecimal; noted elsewhere, it shows later whether lines were cut off the end.
    package var head: String

    package init(lines: Int, broken: Int64?, head: String) {
        self.lines = lines
        self.broken = broken
        self.head = head
    }
}
