package import Traffic

/// A ban, a limit or a demand for proof in force: its rule, why it is there, and what it has done.
package struct Sanction: Hashable, Sendable {
    package var rule: Rule
    package var since: Timestamp
    /// Group of features (`scan`, `volume` ...), or what the operator wrote.
    package var reason: String
    /// One sentence for people.
    package var summary: String
    /// The alert that led to it; `nil` for manual rules.
    package var alertID: Int64?
    /// How many automatic bans in a row the source has had with this one; 0 for limits and manual rules.
    package var offence: Int
    /// Dropped so far (in shadow: would have been).
    package var dropped: Count
    /// Last packet that matched.
    package var lastHit: Timestamp?
    /// Name of the policy group of what was attacked; `nil` for none.
    package var group: String?
    /// Whether it is on a source that was well known when it was made: answered connections for ten minutes, no verdict.
    package var isOnKnown: Bool
    /// Whether it rests on what nobody else could have made in the source's name.
    package var isProven = false
    /// Hash of the configuration that it was made under; `nil` of those that earlier versions made.
    package var configuration: String?
    /// Whether it is not in force, because the data plane has no room for it; that is tried again.
    package var lacksRoom = false
    /// Of a rule that asks for proof: what became of beginnings so far.
    package var challenge: Challenge?
    /// How many a second came, and proved nothing, when that was last looked at.
    package var beginnings: BeginningRate?

    package init(
        rule: Rule, since: Timestamp, reason: String, summary: String, alertID: Int64? = nil,
        offence: Int = 0,
        dropped: Count = Count(), lastHit: Timestamp? = nil, group: String? = nil,
        isOnKnown: Bool = false
    ) {
        self.rule = rule
        self.since = since
        self.reason = reason
        self.summary = summary
        self.alertID = alertID
        self.offence = offence
        self.dropped = dropped
        self.lastHit = lastHit
        self.group = group
        self.isOnKnown = isOnKnown
    }

    /// Whether it lets a certain rate pass rather than nothing.
    package var isLimit: Bool { rule.isLimit }

    /// Whether it asks everybody who begins something there for a proof: it shuts nobody out.
    package var asksEverybody: Bool {
        guard rule.kind == .prove, case .scope(let scope) = rule.match else { return false }
        return scope.source == nil
    }

    /// Whom it is for: the source, or the one address whose incoming traffic is limited.
    package var prefix: Prefix { rule.match.prefix }
}

extension Rule {
    /// Whether it lets a certain rate pass rather than nothing.
    package var isLimit: Bool { kind == .limit }
}

extension Rule.Match {
    /// The source, or for a rule on everybody's traffic the destination as a prefix of one address.
    package var prefix: Prefix {
        switch self {
        case .source(let prefix): prefix
        case .scope(let scope): scope.source ?? Prefix(scope.destination)
        }
    }

    /// `192.0.2.7`, `192.0.2.7 to 198.51.100.5 udp port 53`, `to 198.51.100.5`.
    package var text: String {
        guard case .scope(let scope) = self else { return "\(prefix)" }
        return (scope.source.map { "\($0) " } ?? "") + "to \(scope.serviceText)"
    }

    /// What is attacked, where it is for that alone.
    var service: Rule.Scope? {
        if case .scope(let scope) = self { scope.service } else { nil }
    }
}

extension Rule.Scope {
    /// `198.51.100.5`, `198.51.100.5 udp port 53`.
    var serviceText: String {
        "\(destination)" + (`protocol`.map { " \($0)" } ?? "") + (port.map { " port \($0)" } ?? "")
    }
}

/// An entry of the allow-list: never dropped, never limited.
package struct AllowEntry: Hashable, Sendable {
    /// Where the entry is from.
    package enum Origin: String, Hashable, Sendable {
        /// From the `allow` key of the configuration; only an edit takes it off.
        case configuration
        /// Added at run time.
        case manual
    }

    package var ruleID: UInt32
    package var prefix: Prefix
    package var origin: Origin
    package var since: Timestamp
    package var expires: Timestamp?
    package var reason: String?

    package init(
        ruleID: UInt32, prefix: Prefix, origin: Origin, since: Timestamp, expires: Timestamp? = nil,
        reason: String? = nil
    ) {
        self.ruleID = ruleID
        self.prefix = prefix
        self.origin = origin
        self.since = since
        self.expires = expires
        self.reason = reason
    }

    /// As the data plane gets it; always of manual origin, because it must outlive the agent.
    package var rule: Rule {
        Rule(id: ruleID, match: .source(prefix), action: .allow, origin: .manual, expires: expires)
    }
}

/// Addresses that no automatic rule is made on, because the machine or its operators need them.
package struct ProtectedPrefix: Hashable, Sendable {
    package var prefix: Prefix
    /// What it is: `address of eth0`, `gateway of eth0`.
    package var reason: String
    /// Whether no rule by hand may be made on it either: without it the machine is cut off.
    package var isVital: Bool
    /// When an operator named it; `nil` for what the agent found.
    package var named: Timestamp?

    package init(prefix: Prefix, reason: String, isVital: Bool = false, named: Timestamp? = nil) {
        self.prefix = prefix
        self.reason = reason
        self.isVital = isVital
        self.named = named
    }
}
