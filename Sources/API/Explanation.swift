package import Traffic

/// `GET explain?address=ADDRESS`: what happens to packets from an address, and why.
package struct Explanation: Codable, Hashable, Sendable {
    /// What happens to its packets; `restricted` ones pass but for those to some services, `shadowed` ones pass, but
    /// would be dropped or limited if shadowing ended.
    package enum State: String, Codable, CaseIterable, Hashable, Sendable {
        case allowed, blocked, limited, restricted, shadowed, passing
    }

    /// What the latest window says.
    package struct Current: Codable, Hashable, Sendable {
        /// The entity it is accounted under: the address, or its IPv6 prefix.
        package var prefix: Prefix
        package var time: Timestamp
        package var packetsPerSecond: Double
        package var bytesPerSecond: Double
        package var flows: Int
        package var score: Double
        package var threshold: Double
        package var model: String
        package var features: [FeatureReport]

        package init(
            prefix: Prefix, time: Timestamp, packetsPerSecond: Double, bytesPerSecond: Double, flows: Int,
            score: Double, threshold: Double, model: String, features: [FeatureReport]
        ) {
            self.prefix = prefix
            self.time = time
            self.packetsPerSecond = packetsPerSecond
            self.bytesPerSecond = bytesPerSecond
            self.flows = flows
            self.score = score
            self.threshold = threshold
            self.model = model
            self.features = features
        }
    }

    /// An alert about somebody else, for much the same features.
    package struct Similar: Codable, Hashable, Sendable {
        /// Cosine of the angle between the shares of the features, 0...1; 1: the same ones in the same proportions.
        package var likeness: Double
        package var alert: AlertReport

        package init(likeness: Double, alert: AlertReport) {
            self.likeness = likeness
            self.alert = alert
        }
    }

    package var address: Address
    package var state: State
    /// One sentence: which rule decides, and by which precedence.
    package var summary: String
    /// The ban or limit that decides, or would if it were not shadowed.
    package var rule: BanReport?
    /// The verdict behind `rule`; without a rule, the latest one about the address.
    package var alert: AlertReport?
    /// The allow-list entry that decides.
    package var allowedBy: AllowReport?
    /// Why it is never banned: `gateway of eth0`; absent if it is not protected.
    package var protectedAs: String?
    /// Rules that match too, but that a higher one overrides.
    package var overridden: [BanReport]
    /// Bans of it from one host or service each.
    package var partial: [BanReport]
    /// Limits on packets to the address.
    package var towards: [BanReport]
    /// Absent when the address has not been seen lately.
    package var current: Current?
    /// Earlier alerts about it, newest first.
    package var alerts: [AlertReport]
    /// Past alerts about others that are most like `alert`, the most alike first.
    package var similar: [Similar]

    package init(
        address: Address, state: State, summary: String, rule: BanReport? = nil, alert: AlertReport? = nil,
        allowedBy: AllowReport? = nil, protectedAs: String? = nil, overridden: [BanReport] = [],
        partial: [BanReport] = [], towards: [BanReport] = [],
        current: Current? = nil, alerts: [AlertReport] = [], similar: [Similar] = []
    ) {
        self.address = address
        self.state = state
        self.summary = summary
        self.rule = rule
        self.alert = alert
        self.allowedBy = allowedBy
        self.protectedAs = protectedAs
        self.overridden = overridden
        self.partial = partial
        self.towards = towards
        self.current = current
        self.alerts = alerts
        self.similar = similar
    }
}
