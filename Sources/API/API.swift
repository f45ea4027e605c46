package import Traffic

// The documents that the control socket speaks, below `/v1/`. They are JSON with camelCase keys; times are
// RFC 3339 strings in UTC with a fraction, durations are seconds, addresses and prefixes are strings, counts
// are integers. A member that does not apply is absent. Members may be added within a version, never changed.

/// The service that traffic went to, or that is under attack.
package struct TargetReport: Codable, Hashable, Sendable {
    package var address: Address
    /// `tcp`, `udp` ..., or a number; absent for any.
    package var `protocol`: String?
    /// Absent for any.
    package var port: UInt16?

    package init(address: Address, protocol: IPProtocol?, port: UInt16?) {
        self.address = address
        self.protocol = `protocol`?.description
        self.port = port
    }
}

/// One rule that drops or limits, with what it has done.
package struct BanReport: Codable, Hashable, Sendable {
    package enum Action: String, Codable, CaseIterable, Hashable, Sendable { case ban, limit, prove }

    /// What is banned or limited: a source, or (if it is the address of `target`) what everybody sends there.
    package var prefix: Prefix
    package var action: Action
    package var origin: Rule.Origin
    /// Whether the rule only counts what it would have dropped.
    package var isShadowed: Bool
    package var since: Timestamp
    /// Absent for a manual ban without an end.
    package var expires: Timestamp?
    /// Where to; absent where the rule is for everything from a source.
    package var target: TargetReport?
    /// Packets a second that a limit lets pass.
    ///
    /// 0: the source is confined to services that answer, and nothing is counted against it there.
    package var packetsPerSecond: UInt32?
    /// Dropped, or in shadow: would have been.
    package var dropped: Count
    package var lastHit: Timestamp?
    /// Why, in one word (`scan`, `volume` ...), or what the operator wrote.
    package var reason: String
    /// Why, in one sentence.
    package var summary: String
    package var ruleID: UInt32
    /// The alert that led to it; absent for manual rules.
    package var alertID: Int64?
    /// The policy group whose rule it is; absent for none.
    package var group: String?
    /// SHA-256 of the configuration that it was made under.
    package var configuration: String?
    /// The change that it waits to be confirmed with: else it is undone.
    package var pending: PendingReport?
    /// `true`: it is not in force, because the kernel's table has no room for it; absent where it is.
    package var lacksRoom: Bool?
    /// What became of beginnings, where they have to be proven.
    package var challenge: ChallengeReport?

    package init(
        prefix: Prefix, action: Action, origin: Rule.Origin, isShadowed: Bool, since: Timestamp,
        expires: Timestamp?, target: TargetReport?, packetsPerSecond: UInt32?, dropped: Count,
        lastHit: Timestamp?, reason: String, summary: String, ruleID: UInt32, alertID: Int64?,
        group: String? = nil
    ) {
        self.prefix = prefix
        self.action = action
        self.origin = origin
        self.isShadowed = isShadowed
        self.since = since
        self.expires = expires
        self.target = target
        self.packetsPerSecond = packetsPerSecond
        self.dropped = dropped
        self.lastHit = lastHit
        self.reason = reason
        self.summary = summary
        self.ruleID = ruleID
        self.alertID = alertID
        self.group = group
    }
}

/// What became of beginnings of connections that have to be proven.
package struct ChallengeReport: Codable, Hashable, Sendable {
    /// Beginnings of strangers that did not pass.
    package var challenged: UInt64
    /// Of these, those for whose address the proof came.
    package var proven: UInt64
    /// Beginnings that passed because they had been sent before.
    package var retransmitted: UInt64
    /// Beginnings that had been sent before, but too many of them.
    package var overBudget: UInt64
    /// Resets that proved nothing; they passed.
    package var wrong: UInt64
    /// Of `challenged`, those dropped without a question.
    package var unanswered: UInt64
    /// `challenged` a second, when that was last looked at.
    package var challengedPerSecond: Double
    /// Those of them that neither a proof nor a retransmission came for.
    package var forgedPerSecond: Double
    /// Whether strangers are asked; if not, only what is sent again passes.
    package var asks: Bool

    package init(
        challenged: UInt64, proven: UInt64, retransmitted: UInt64, overBudget: UInt64, wrong: UInt64,
        unanswered: UInt64, challengedPerSecond: Double, forgedPerSecond: Double, asks: Bool
    ) {
        self.challenged = challenged
        self.proven = proven
        self.retransmitted = retransmitted
        self.overBudget = overBudget
        self.wrong = wrong
        self.unanswered = unanswered
        self.challengedPerSecond = challengedPerSecond
        self.forgedPerSecond = forgedPerSecond
        self.asks = asks
    }
}

extension TargetReport {
    /// `192.0.2.7`, `192.0.2.7 tcp`, `192.0.2.7 tcp port 80`.
    package var spoken: String {
        "\(address)" + (`protocol`.map { " \($0)" } ?? "") + (port.map { " port \($0)" } ?? "")
    }
}

extension BanReport {
    /// Whom it is for: the source, `to` the service that is limited, or both.
    package var spokenSubject: String {
        guard let target else { return "\(prefix)" }
        return Prefix(target.address) == prefix ? "to \(target.spoken)" : "\(prefix) to \(target.spoken)"
    }
}

/// `GET bans` (see `BanQuery`): bans and limits in force.
package struct BanList: Codable, Hashable, Sendable {
    package var bans: [BanReport]
    package init(bans: [BanReport]) { self.bans = bans }
}

/// An entry of the allow-list: its traffic is never dropped and never limited.
package struct AllowReport: Codable, Hashable, Sendable {
    package var prefix: Prefix
    /// `configuration` (the `allow` key) or `manual` (added at run time).
    package var origin: String
    package var since: Timestamp?
    package var expires: Timestamp?
    /// What the operator wrote.
    package var reason: String?
    /// The change that it waits to be confirmed with: else it is undone.
    package var pending: PendingReport?

    package init(prefix: Prefix, origin: String, since: Timestamp?, expires: Timestamp?, reason: String?) {
        self.prefix = prefix
        self.origin = origin
        self.since = since
        self.expires = expires
        self.reason = reason
    }
}

/// `GET allow`: the allow-list.
package struct AllowList: Codable, Hashable, Sendable {
    package var allowed: [AllowReport]
    package init(allowed: [AllowReport]) { self.allowed = allowed }
}

/// What one feature added to a score.
package struct FeatureReport: Codable, Hashable, Sendable {
    package var name: String
    package var value: Double
    package var usual: Double
    /// The 5 and the 95 % point of what was learned here; absent before anything was.
    package var low: Double?
    package var high: Double?
    /// With this value, those of the other features that have one, and what `othersNearer` of the alert asks for, there would
    /// have been no verdict.
    package var harmless: Double?
    /// 0...1.
    package var share: Double

    package init(
        name: String, value: Double, usual: Double, low: Double?, high: Double?, harmless: Double?,
        share: Double
    ) {
        self.name = name
        self.value = value
        self.usual = usual
        self.low = low
        self.high = high
        self.harmless = harmless
        self.share = share
    }
}

/// A verdict with its reasons, and what was done about it.
package struct AlertReport: Codable, Hashable, Sendable {
    package enum Action: String, Codable, CaseIterable, Hashable, Sendable {
        case ban, limit, prove, alert
    }

    package var id: Int64
    package var time: Timestamp
    package var view: View
    package var prefix: Prefix
    package var tier: Tier
    package var reason: String
    package var summary: String
    package var score: Double
    package var threshold: Double
    package var model: String
    /// Largest share first.
    package var features: [FeatureReport]
    /// Part of the way to what is usual, 0...1, by which all features that are not listed would have had to be nearer to it, too,
    /// for there to be no verdict; absent where the harmless values of those that are listed are enough.
    package var othersNearer: Double?
    package var target: TargetReport?
    package var action: Action
    /// Why it was not blocked, or not harder: `on the allow-list`.
    package var note: String?
    /// The rule that was made of it.
    package var ruleID: UInt32?
    /// What an operator said of it.
    package var feedback: Feedback?
    /// SHA-256 of the configuration that it was decided under.
    package var configuration: String?

    package init(
        id: Int64, time: Timestamp, view: View, prefix: Prefix, tier: Tier, reason: String,
        summary: String, score: Double, threshold: Double, model: String, features: [FeatureReport],
        target: TargetReport?, action: Action, note: String?, ruleID: UInt32?,
        feedback: Feedback?
    ) {
        self.id = id
        self.time = time
        self.view = view
        self.prefix = prefix
        self.tier = tier
        self.reason = reason
        self.summary = summary
        self.score = score
        self.threshold = threshold
        self.model = model
        self.features = features
        self.target = target
        self.action = action
        self.note = note
        self.ruleID = ruleID
        self.feedback = feedback
    }
}

/// `GET alerts` (see `AlertQuery`).
package struct AlertList: Codable, Hashable, Sendable {
    package var alerts: [AlertReport]
    package init(alerts: [AlertReport]) { self.alerts = alerts }
}

/// One of the busiest entities now.
package struct TopEntry: Codable, Hashable, Sendable {
    package var prefix: Prefix
    package var packetsPerSecond: Double
    package var bytesPerSecond: Double
    package var flows: Int
    /// Other ends: destinations of a source, sources of a destination.
    package var peers: Int
    /// Of the latest window; absent before the first is scored.
    package var score: Double?
    package var threshold: Double?
    package var state: Explanation.State

    package init(
        prefix: Prefix, packetsPerSecond: Double, bytesPerSecond: Double, flows: Int, peers: Int,
        score: Double?, threshold: Double?, state: Explanation.State
    ) {
        self.prefix = prefix
        self.packetsPerSecond = packetsPerSecond
        self.bytesPerSecond = bytesPerSecond
        self.flows = flows
        self.peers = peers
        self.score = score
        self.threshold = threshold
        self.state = state
    }
}

/// `GET top` (see `TopQuery`).
package struct TopList: Codable, Hashable, Sendable {
    package var view: View
    package var entries: [TopEntry]

    package init(view: View, entries: [TopEntry]) {
        self.view = view
        self.entries = entries
    }
}
