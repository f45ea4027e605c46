package import Policy
package import Traffic

/// `POST batch`: one change to many prefixes, answered with a `BatchResult`.
///
/// It is done to all of them, or, if one is refused, to none; what is to be taken off and is not there, is no mistake, so a
/// request can be repeated. Longer lists take several requests, and should be tried first (`isTrial`).
package struct BatchRequest: Codable, Hashable, Sendable {
    package enum Action: String, Codable, CaseIterable, Sendable {
        case ban, unban, allow, disallow, protect, unprotect
    }

    /// In one request.
    package static let mostPrefixes = 4000

    package var action: Action
    package var prefixes: [Prefix]
    /// Seconds, of a ban or an allow-list entry; absent for one that ends only by hand.
    package var duration: Double?
    package var reason: String?
    /// Whether to say only if it could be done.
    package var isTrial: Bool?
    /// Seconds within which it must be confirmed (`POST confirm`), or it is undone; not for what is protected.
    package var confirm: Double?

    package init(
        action: Action, prefixes: [Prefix], duration: Double? = nil, reason: String? = nil,
        isTrial: Bool? = nil, confirm: Double? = nil
    ) {
        self.action = action
        self.prefixes = prefixes
        self.duration = duration
        self.reason = reason
        self.isTrial = isTrial
        self.confirm = confirm
    }
}

/// What a batch did, or would do.
package struct BatchResult: Codable, Hashable, Sendable {
    /// Prefixes it was done to.
    package var count: Int
    /// Bans and limits that it lifted.
    package var lifted: Int
    /// Those from which nothing could be taken, because it was not there; absent if there are none.
    package var missing: [Prefix]?
    /// The change that it waits to be confirmed with: else it is undone.
    package var pending: PendingReport?

    package init(count: Int, lifted: Int, pending: PendingReport? = nil) {
        self.count = count
        self.lifted = lifted
        self.pending = pending
    }
}

extension BatchRequest {
    /// Refused prefixes that an error names at most.
    private static let mostRefusals = 20

    /// Does it to a policy.
    ///
    /// - Throws: `ControlError` with the prefixes that are refused; `policy` is then half done, and to be
    ///   thrown away.
    package func apply(to policy: inout Policy, at now: Timestamp) throws(ControlError) -> (
        BatchResult, Changes
    ) {
        let length = duration.map { Duration.seconds($0) }
        let before = policy
        var changes = Changes()
        var lifted = 0
        var refusals: [Prefix: Refusal] = [:]
        func each(_ change: (Prefix) throws(Refusal) -> (lifted: Int, Changes)) {
            for prefix in prefixes {
                do {
                    let (count, made) = try change(prefix)
                    lifted += count
                    changes += made
                } catch {
                    refusals[prefix] = error
                }
            }
        }
        switch action {
        case .ban where isTrial == true:
            // Of a policy that nobody changes there is no copy, which of many rules takes a moment.
            each { prefix throws(Refusal) in
                try policy.check(ban: prefix, for: length, at: now)
                return (0, Changes())
            }
        case .ban:
            each { prefix throws(Refusal) in
                (0, try policy.ban(prefix, for: length, reason: reason, at: now).1)
            }
        case .unban:
            // One look at all that is in force, rather than one for each prefix.
            let (sanctions, refused, made) = policy.unban(prefixes, at: now)
            (lifted, refusals, changes) = (sanctions.count, refused, made)
        case .allow:
            do {
                let (_, ended, made) = try policy.allow(prefixes, for: length, reason: reason, at: now)
                (lifted, changes) = (ended.count, made)
            } catch {
                throw ControlError(error)
            }
        case .disallow:
            each { prefix throws(Refusal) in (0, try policy.disallow(prefix).1) }
        case .protect:
            each { prefix throws(Refusal) in
                let (_, ended, made) = try policy.protect(prefix, reason: reason, at: now)
                return (ended.count, made)
            }
        case .unprotect:
            each { prefix throws(Refusal) in (0, try policy.unprotect(prefix).1) }
        }
        let missing = prefixes.filter { refusals[$0]?.kind == .notFound }
        for prefix in missing { refusals[prefix] = nil }
        let refused = prefixes.compactMap { prefix in
            refusals[prefix].map {
                ControlError.Refused(prefix: prefix, message: $0.message, hint: $0.hint)
            }
        }
        guard let first = prefixes.lazy.compactMap({ refusals[$0] }).first else {
            var result = BatchResult(count: prefixes.count - missing.count, lifted: lifted)
            if !missing.isEmpty { result.missing = missing }
            // Where all of it is missing, nothing was done that could be undone.
            if let confirm, result.count > 0 {
                do {
                    try policy.awaitConfirmation(
                        of: &changes, since: before, within: .seconds(confirm), at: now)
                } catch {
                    throw ControlError(error)
                }
                result.pending = policy.pending.last.map(PendingReport.init)
            }
            return (result, changes)
        }
        throw ControlError(
            ControlError(first).code, "\(refused.count) of \(prefixes.count) prefixes are refused",
            refused: Array(refused.prefix(Self.mostRefusals)))
    }
}
