package import Traffic

/// Addresses that no rule is made on, neither by the agent nor by hand.
///
/// Other than the allow-list that lets nothing pass: what stands in the way of a rule is this, what stands above rules
/// that are there is that.
package struct ProtectReport: Codable, Hashable, Sendable {
    package var prefix: Prefix
    /// Found by the agent on its machine, or named by an operator.
    package var origin: Rule.Origin
    /// When it was named; absent for what the agent found.
    package var since: Timestamp?
    /// What it is: `gateway of eth0`, `protected by hand (our monitor)`.
    package var reason: String
    /// Whether limits on a service under attack leave its packets out.
    package var passes: Bool

    package init(prefix: Prefix, origin: Rule.Origin, since: Timestamp?, reason: String, passes: Bool) {
        self.prefix = prefix
        self.origin = origin
        self.since = since
        self.reason = reason
        self.passes = passes
    }
}

/// `GET protect`: what is protected.
package struct ProtectList: Codable, Hashable, Sendable {
    package var protected: [ProtectReport]
    package init(protected: [ProtectReport]) { self.protected = protected }
}
