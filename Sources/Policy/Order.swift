package import Traffic

/// One change by hand to a list of prefixes: done to all of them or, if one is refused, to none.
package struct Order: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// For so long; `nil` for what ends only by hand.
        case ban(for: Duration?, reason: String?)
        case allow(for: Duration?, reason: String?)
        case protect(reason: String?)
        /// What takes off leaves what is not there as it is, but is refused if nothing is there.
        case unban, disallow, unprotect
    }

    package var action: Action
    package var prefixes: [Prefix]
    /// Whether the operator means it where that is most often a mistake.
    package var insists: Bool

    package init(_ action: Action, _ prefixes: [Prefix], insists: Bool = false) {
        self.action = action
        self.prefixes = prefixes
        self.insists = insists
    }

    /// What an order did.
    package struct Outcome: Sendable {
        /// Prefixes that it was done to.
        package var count = 0
        /// Bans and limits that it made or, if it is another order than a ban, lifted.
        package var sanctions: [Sanction] = []
        /// Prefixes from which nothing could be taken.
        package var missing: [Prefix] = []
    }
}

/// The prefixes of an order that stand in its way, in its order.
package struct RefusedOrder: Error, Sendable {
    package let refusals: [(prefix: Prefix, refusal: Refusal)]
    /// Prefixes in the order.
    package let count: Int
}

extension Policy {
    /// Does what an operator orders; undone unless it is confirmed within `confirm`, if there is such a time.
    ///
    /// - Throws: `RefusedOrder` or, for what is not about one prefix, `Refusal`; the policy is then half changed, and to be
    ///   thrown away.
    package mutating func carryOut(
        _ order: Order, confirmWithin confirm: Duration? = nil, at now: Timestamp
    ) throws -> (Order.Outcome, Changes) {
        let before = confirm == nil ? nil : self
        var changes = Changes()
        var outcome = Order.Outcome()
        var refusals: [Prefix: Refusal] = [:]
        switch order.action {
        case .ban(let duration, let reason):
            refusals = order.refusals { prefix throws(Refusal) in
                let (ban, made) = try ban(
                    prefix, for: duration, reason: reason, insists: order.insists, at: now)
                outcome.sanctions.append(ban)
                changes += made
            }
        case .allow(let duration, let reason):
            (_, outcome.sanctions, changes) = try allow(
                order.prefixes, for: duration, reason: reason, insists: order.insists, at: now)
        case .protect(let reason):
            refusals = order.refusals { prefix throws(Refusal) in
                let (_, lifted, made) = try protect(prefix, reason: reason, at: now)
                outcome.sanctions += lifted
                changes += made
            }
        case .unban: (outcome.sanctions, refusals, changes) = unban(order.prefixes, at: now)
        case .disallow:
            refusals = order.refusals { prefix throws(Refusal) in changes += try disallow(prefix).1 }
        case .unprotect:
            refusals = order.refusals { prefix throws(Refusal) in changes += try unprotect(prefix).1 }
        }
        outcome.missing = order.prefixes.filter { refusals[$0]?.kind == .notFound }
        outcome.count = order.prefixes.count - outcome.missing.count
        let isNothingThere = outcome.count == 0
        guard refusals.count == outcome.missing.count, !isNothingThere else {
            let refused = order.prefixes.compactMap { prefix in
                refusals[prefix].flatMap { $0.kind == .notFound && !isNothingThere ? nil : (prefix, $0) }
            }
            throw RefusedOrder(refusals: refused, count: order.prefixes.count)
        }
        if let confirm, let before {
            try awaitConfirmation(of: &changes, since: before, within: confirm, at: now)
        }
        return (outcome, changes)
    }
}

extension Order {
    /// Does something for each prefix, and returns for which it was refused.
    fileprivate func refusals(_ body: (Prefix) throws(Refusal) -> Void) -> [Prefix: Refusal] {
        var refusals: [Prefix: Refusal] = [:]
        for prefix in prefixes {
            do { try body(prefix) } catch { refusals[prefix] = error }
        }
        return refusals
    }
}
