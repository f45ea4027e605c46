package import Traffic

/// Addresses that the agent makes no rule on, and operators only if they insist.
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
    /// Whether it cannot be banned by hand either, not even with `force`: the machine itself, and its gateways.
    package var isVital: Bool

    package init(prefix: Prefix, origin: Rule.Origin, since: Timestamp?, reason: String, isVital: Bool) {
        self.prefix = prefix
        self.origin = origin
        self.since = since
        self.reason = reason
        self.isVital = isVital
    }
}

/// `GET protect`: what is protected.
package struct ProtectList: Codable, Hashable, Sendable {
    package var protected: [ProtectReport]
    package init(protected: [ProtectReport]) { self.protected = protected }
}
