package import API
package import Policy
import Traffic

extension PendingReport {
    /// A change that waits, or waited, to be confirmed.
    package init(_ change: PendingChange) {
        self.init(id: change.id, made: change.made, deadline: change.deadline, summary: change.summary)
    }
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
