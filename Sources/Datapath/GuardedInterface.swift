/// An interface that is to be guarded, and how it stands with it.
package struct GuardedInterface: Sendable {
    package enum State: Sendable {
        /// The program is on it; its name may have changed since.
        case attached(Attachment)
        /// No interface has this name.
        case missing
        /// It is there, and the program cannot be attached; why.
        case failed(String)
    }

    /// As it was named when the agent was started.
    package let name: String
    package internal(set) var state: State

    /// What holds it.
    package var attachment: Attachment? {
        if case .attached(let attachment) = state { attachment } else { nil }
    }

    /// One word: `up`, `down` (guarded, but switched off), `missing` or `failed`.
    package var condition: String {
        switch state {
        case .attached(let attachment): attachment.interface.isUp ? "up" : "down"
        case .missing: "missing"
        case .failed: "failed"
        }
    }

    /// What an operator should see to; `nil` when all is well.
    package var trouble: String? {
        switch state {
        case .attached(let attachment):
            let now = attachment.interface.name
            return now == name
                ? nil
                : "the interface \(name) is called \(now) now; it stays guarded, until one named \(name) comes"
        case .missing:
            return "the interface \(name) is not there; it is guarded as soon as it comes"
        case .failed(let reason):
            return reason
        }
    }
}
