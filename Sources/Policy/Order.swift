package import Traffic

/// One change by hand to a list of prefixes: done to all of them or, if one is refused, to none.
package struct Order: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// For so long; `nil` for what ends only by hand.
        case ban(for: Duration?, reason: String?)
        case allow(for: Duration?, reason: String?)
        case protect(reason: String?)
        /// What takes off leaves what is not there as it is, but is refused if nothing is there. Of bans by hand those with this
        /// reason, or all.
        case unban(reason: String?)
        case disallow, unprotect
    }

    package var action: Action
    package var prefixes: [Prefix]
    /// Whether the operator means it where that is most often a mistake.
    package var insists: Bool
    /// Whether what is refused is left out, and the rest done.
    package var skipsRefused: Bool
    /// Whether it is right if nothing is there to be taken off.
    package var mayBeMissing: Bool

    package init(
        _ action: Action, _ prefixes: [Prefix], insists: Bool = false, skipsRefused: Bool = false,
        mayBeMissing: Bool = false
    ) {
        self.action = action
        self.prefixes = prefixes
        self.insists = insists
        self.skipsRefused = skipsRefused
        self.mayBeMissing = mayBeMissing
    }

    /// What an order did.
    package struct Outcome: Sendable {
        /// Prefixes that it was done to.
        package var count = 0
        /// Bans and limits that it made or, if it is another order than a ban, lifted.
        package var sanctions: [Sanction] = []
        /// Prefixes from which nothing could be taken.
        package var missing: [Prefix] = []
        /// Prefixes that were left out, and why.
        package var refused: [(prefix: Prefix, refusal: Refusal)] = []
        /// Of a ban: how many were banned by hand for longer before.
        package var kept = 0
        /// Whether it is undone unless it is confirmed.
        package var waits = false
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
                // Made by this, or longer and from before.
                if made.install.isEmpty { outcome.kept += 1 }
                changes += made
            }
        case .allow(let duration, let reason):
            if !order.insists {
                refusals = order.refusals { prefix throws(Refusal) in try Self.check(allow: prefix) }
            }
            (_, outcome.sanctions, changes) = try allow(
                order.prefixes.filter { refusals[$0] == nil }, for: duration, reason: reason,
                insists: order.insists, at: now)
        case .protect(let reason):
            refusals = order.refusals { prefix throws(Refusal) in
                let (_, lifted, made) = try protect(prefix, reason: reason, at: now)
                outcome.sanctions += lifted
                changes += made
            }
        case .unban(let reason):
            (outcome.sanctions, refusals, changes) = unban(order.prefixes, reason: reason, at: now)
        case .disallow:
            refusals = order.refusals { prefix throws(Refusal) in changes += try disallow(prefix).1 }
        case .unprotect:
            refusals = order.refusals { prefix throws(Refusal) in changes += try unprotect(prefix).1 }
        }
        outcome.missing = order.prefixes.filter { refusals[$0]?.kind == .notFound }
        outcome.count = order.prefixes.count - refusals.count
        let isNothingDone = outcome.count == 0
        let isAllMissing = outcome.missing.count == order.prefixes.count
        outcome.refused = order.prefixes.compactMap { prefix in
            refusals[prefix].flatMap { $0.kind == .notFound ? nil : (prefix, $0) }
        }
        let isRefused = order.skipsRefused ? isNothingDone : !outcome.refused.isEmpty
        if isRefused && !isAllMissing || isAllMissing && !order.mayBeMissing {
            let missing =
                isNothingDone
                ? outcome.missing.compactMap { prefix in refusals[prefix].map { (prefix, $0) } } : []
            throw RefusedOrder(refusals: outcome.refused + missing, count: order.prefixes.count)
        }
        // What changes nothing needs no confirmation.
        if let confirm, let before, !changes.events.isEmpty {
            outcome.waits = true
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
