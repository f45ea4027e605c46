package import Traffic

/// Something that happened: what the agent tells while it runs.
package struct EventReport: Codable, Hashable, Sendable {
    /// The same words as in the audit trail, as far as it has them.
    package enum Kind: String, Codable, CaseIterable, Hashable, Sendable {
        /// A verdict.
        case alert
        /// Rules: made, changed, ended.
        case ban, limit, prove, update, end
        /// What is above rules, and what none may be made on.
        case allow, disallow, protect, unprotect
        /// Changes that are to be confirmed.
        case await, confirm, undo, supersede
        /// How far the agent goes by itself; a circuit breaker tripped, and closed again; the clock was set.
        case mode, trip, resume, clock
        /// The kernel's rules were put right, the configuration was read again.
        case mend, reload
        /// Models and the learning of them.
        case learn, model
        /// The agent itself, its interfaces, and what it cannot do.
        case start, stop, interface, warning
    }

    /// Rises by one with each event since the agent started.
    package var id: Int64
    package var time: Timestamp
    package var kind: Kind
    /// `agent`, or the user who asked for it.
    package var who: String
    /// Whom it is about.
    package var prefix: Prefix?
    /// Why, in one word.
    package var reason: String?
    /// What happened, for people.
    package var text: String
    package var ruleID: UInt32?
    package var alertID: Int64?
    /// How many events like this one it stands for, which were told no more; absent if it stands for itself.
    package var count: Int?
    /// Events before this one that a reader was too slow for.
    package var missed: Int?

    package init(
        id: Int64 = 0, time: Timestamp, kind: Kind, who: String = "agent", prefix: Prefix? = nil,
        reason: String? = nil, text: String, ruleID: UInt32? = nil, alertID: Int64? = nil
    ) {
        self.id = id
        self.time = time
        self.kind = kind
        self.who = who
        self.prefix = prefix
        self.reason = reason
        self.text = text
        self.ruleID = ruleID
        self.alertID = alertID
    }
}

/// `GET events` (see `EventQuery`), the oldest first; `GET events/stream` sends the same entries line by line.
package struct EventList: Codable, Hashable, Sendable {
    package var events: [EventReport]
    package init(events: [EventReport]) { self.events = events }
}
