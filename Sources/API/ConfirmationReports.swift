package import Traffic

/// A change by hand that is undone at its deadline unless it is confirmed.
package struct PendingReport: Codable, Hashable, Sendable {
    package var id: Int64
    package var made: Timestamp
    package var deadline: Timestamp
    /// What was done: `ban 192.0.2.7`.
    package var summary: String

    package init(id: Int64, made: Timestamp, deadline: Timestamp, summary: String) {
        self.id = id
        self.made = made
        self.deadline = deadline
        self.summary = summary
    }
}

/// `GET pending`: changes that wait to be confirmed, the oldest first; `POST confirm`: those that were confirmed.
package struct PendingList: Codable, Hashable, Sendable {
    package var pending: [PendingReport]
    package init(pending: [PendingReport]) { self.pending = pending }
}

/// `POST confirm`: what was changed stays.
package struct ConfirmRequest: Codable, Hashable, Sendable {
    /// Numbers of changes; absent for all that wait.
    package var changes: [Int64]?

    package init(changes: [Int64]? = nil) { self.changes = changes }
}
