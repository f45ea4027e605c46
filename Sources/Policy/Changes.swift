package import Detection
package import Traffic

/// A verdict, and what was done about it.
package struct Alert: Hashable, Sendable {
    /// What was done.
    package enum Action: String, Hashable, Sendable {
        case ban, limit, prove, alert

        init(_ kind: Rule.Kind) {
            switch kind {
            case .deny: self = .ban
            case .limit: self = .limit
            case .prove: self = .prove
            case .allow: self = .alert
            }
        }
    }

    /// Unique, rising with time.
    package var id: Int64
    package var verdict: Verdict
    /// In shadow mode: what would have been done.
    package var action: Action
    /// Why it was not blocked although the verdict says so.
    package var note: String?
    package var ruleID: UInt32?
    /// What an operator said of it; `nil` if nobody has.
    package var feedback: Feedback?
    /// Hash of the configuration that it was made under; `nil` of those that earlier versions made.
    package var configuration: String?

    package init(
        id: Int64, verdict: Verdict, action: Action, note: String? = nil, ruleID: UInt32? = nil,
        feedback: Feedback? = nil
    ) {
        self.id = id
        self.verdict = verdict
        self.action = action
        self.note = note
        self.ruleID = ruleID
        self.feedback = feedback
    }
}

/// Something that happened, for the store and for whoever listens.
package enum Event: Hashable, Sendable {
    /// Why a ban or limit ended.
    package enum Ending: String, Hashable, Sendable {
        case expired
        /// By hand.
        case lifted
        /// The allow-list covers it now.
        case allowed
        /// The machine needs the address now, or an operator protects it.
        case protected
        /// Made by hand, and not confirmed in time.
        case unconfirmed
        /// A circuit breaker held it back, for as long as that was open.
        case heldBack
        /// It gave way to a more important one, because there was no room for both.
        case evicted
    }

    case alert(Alert)
    case imposed(Sanction)
    /// Lasts longer, or is shadowed or enforced from now on.
    case updated(Sanction)
    case ended(Sanction, Ending)
    case allowed(AllowEntry)
    case disallowed(AllowEntry)
    /// An operator or a circuit breaker changed the mode of a group (`nil`: of everything in no group), for which the
    /// configuration says `configured`.
    case modeSet(Mode, group: String?, configured: Mode)
    /// A circuit breaker tripped, or its cause has ended and it closed by itself.
    case tripped(Trip)
    case closed(Trip)
    /// An operator protects a prefix by name, or no longer does.
    case protected(ProtectedPrefix)
    case unprotected(ProtectedPrefix)
    /// What was changed by hand is undone at its deadline unless it is confirmed.
    case pending(PendingChange)
    case confirmed(PendingChange)
    case undone(PendingChange)
    /// Part of a pending change was decided anew, and is no longer undone; this is left of it.
    case superseded(PendingChange)
    /// Events of one cause that were only counted.
    case summed(Digest.Sum)
    /// Somebody set the machine's clock, forward or (negative) back; every end that is remembered was moved along.
    case clockSet(by: Duration)
}

/// What a step of the policy leads to: rules for the data plane, and events of why.
///
/// Removals come first: a rule that is removed and installed in one step stays in force.
package struct Changes: Hashable, Sendable {
    package var remove: [Rule] = []
    package var install: [Rule] = []
    package var events: [Event] = []

    package init() {}

    package var isEmpty: Bool { remove.isEmpty && install.isEmpty && events.isEmpty }

    package static func += (left: inout Changes, right: Changes) {
        left.remove += right.remove
        left.install += right.install
        left.events += right.events
    }
}
