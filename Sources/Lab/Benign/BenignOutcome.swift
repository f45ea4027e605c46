package import API
package import Terminal
import Traffic

/// What a run of benign traffic did.
package struct BenignOutcome: Sendable {
    /// By activity.
    package let counts: [String: BenignCount]
    /// What the agent found wrong with it, newest first; `nil` if there was none.
    package let alerts: [AlertReport]?

    /// Of these, what was blocked: every one is false.
    package var blocks: [AlertReport] { (alerts ?? []).filter { $0.action != .alert } }

    /// A line an activity.
    package var table: Table {
        var table = Table([
            .init("activity"), .init("begun", .right), .init("programs", .right), .init("failed", .right),
            .init("skipped", .right),
        ])
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
            table.add([
                .init(name), .init(count.errands.grouped), .init(count.programs.grouped),
                .init(count.failures.grouped), .init(count.skipped.grouped),
            ])
        }
        return table
    }
}
