package import Policy
package import Traffic

/// A change by hand that is undone at its deadline unless it is confirmed.
package struct PendingReport: Codable, Hashable, Sendable {
    package var id: Int64
    package var made: Timestamp
    package var deadline: Timestamp
    /// What was done: `ban 192.0.2.7`.
    package var summary: String

    /// A change that waits, or waited.
    package init(_ change: PendingChange) {
        id = change.id
        made = change.made
        deadline = change.deadline
        summary = change.summary
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

extension Policy {
    /// The change that has banned this prefix by hand, if it still waits to be confirmed.
    func pendingBan(on prefix: Prefix) -> PendingReport? {
        pendingChange { if case .ban(prefix, _) = $0 { true } else { false } }
    }

    /// Likewise the one that has put it on the allow-list.
    func pendingEntry(for prefix: Prefix) -> PendingReport? {
        pendingChange { if case .allow(prefix, _) = $0 { true } else { false } }
    }

    /// Likewise the one that has set the mode of a group.
    func pendingMode(of group: String?) -> PendingReport? {
        pendingChange { if case .mode(group, _, _) = $0 { true } else { false } }
    }

    private func pendingChange(where isMeant: (PendingChange.Step) -> Bool) -> PendingReport? {
        pending.last { $0.steps.contains(where: isMeant) }.map(PendingReport.init)
    }
}
