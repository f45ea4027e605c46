package import Policy
package import Traffic

/// `POST batch`: one change to many prefixes, answered with a `BatchResult`.
///
/// It is done to all of them, or, if one is refused, to none. Longer lists take several requests; to have all
/// or nothing then too, try each first (`isTrial`).
package struct BatchRequest: Codable, Hashable, Sendable {
    package enum Action: String, Codable, CaseIterable, Sendable { case ban, unban, allow, disallow }

    /// In one request.
    package static let mostPrefixes = 4000

    package var action: Action
    package var prefixes: [Prefix]
    /// Seconds, of a ban or an allow-list entry; absent for one that ends only by hand.
    package var duration: Double?
    package var reason: String?
    /// Whether to say only if it could be done.
    package var isTrial: Bool?

    package init(
        action: Action, prefixes: [Prefix], duration: Double? = nil, reason: String? = nil,
        isTrial: Bool? = nil
    ) {
        self.action = action
        self.prefixes = prefixes
        self.duration = duration
        self.reason = reason
        self.isTrial = isTrial
    }
}

/// What a batch did, or would do.
package struct BatchResult: Codable, Hashable, Sendable {
    /// Prefixes it was done to.
    package var count: Int
    /// Bans and limits that it lifted.
    package var lifted: Int

    package init(count: Int, lifted: Int) {
        self.count = count
        self.lifted = lifted
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
        case .ban:
            each { prefix throws(Refusal) in
                (0, try policy.ban(prefix, for: length, reason: reason, at: now).1)
            }
        case .unban:
            // One look at all that is in force, rather than one for each prefix.
            let (sanctions, refused, made) = policy.unban(prefixes, at: now)
            (lifted, refusals, changes) = (sanctions.count, refused, made)
        case .allow:
            each { prefix throws(Refusal) in
                let (_, lifted, made) = try policy.allow(prefix, for: length, reason: reason, at: now)
                return (lifted.count, made)
            }
        case .disallow:
            each { prefix throws(Refusal) in (0, try policy.disallow(prefix).1) }
        }
        let refused = prefixes.compactMap { prefix in
            refusals[prefix].map {
                ControlError.Refused(prefix: prefix, message: $0.message, hint: $0.hint)
            }
        }
        guard let first = prefixes.lazy.compactMap({ refusals[$0] }).first else {
            return (BatchResult(count: prefixes.count, lifted: lifted), changes)
        }
        throw ControlError(
            ControlError(first).code, "\(refused.count) of \(prefixes.count) prefixes are refused",
            refused: Array(refused.prefix(Self.mostRefusals)))
    }
}
