package import Policy
package import Traffic

/// Addresses that no rule is made on, neither by the agent nor by hand.
///
/// Other than the allow-list that lets nothing pass: what stands in the way of a rule is this, what stands above rules
/// that are there is that.
package struct ProtectReport: Codable, Hashable, Sendable {
    package var prefix: Prefix
    /// `automatic` (found by the agent on its machine) or `manual` (named by an operator).
    package var origin: String
    /// When it was named; absent for what the agent found.
    package var since: Timestamp?
    /// What it is: `gateway of eth0`, `protected by hand (our monitor)`.
    package var reason: String
    /// Whether limits on a service under attack leave its packets out.
    package var passes: Bool

    /// What is protected.
    package init(_ protected: ProtectedPrefix) {
        prefix = protected.prefix
        origin = protected.named == nil ? "automatic" : "manual"
        since = protected.named
        reason = protected.reason
        passes = protected.passes
    }
}

/// `GET protect`: what is protected.
package struct ProtectList: Codable, Hashable, Sendable {
    package var protected: [ProtectReport]
    package init(protected: [ProtectReport]) { self.protected = protected }
}

/// `POST protect`: protects a prefix by name, and is answered with `ProtectResult`.
package struct ProtectRequest: Codable, Hashable, Sendable {
    package var prefix: Prefix
    package var reason: String?

    package init(prefix: Prefix, reason: String? = nil) {
        self.prefix = prefix
        self.reason = reason
    }
}

/// What protecting a prefix did.
package struct ProtectResult: Codable, Hashable, Sendable {
    package var entry: ProtectReport
    /// Automatic bans and limits that were lifted for it.
    package var lifted: [Prefix]

    package init(entry: ProtectReport, lifted: [Prefix]) {
        self.entry = entry
        self.lifted = lifted
    }
}
