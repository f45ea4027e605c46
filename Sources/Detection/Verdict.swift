package import Features
package import Traffic

/// What one feature added to a verdict.
package struct FeatureContribution: Hashable, Sendable {
    /// Name as in the feature schema.
    package var name: String
    /// Value in the unit a person reads (packets, ports, seconds ...), not on the model's scale.
    package var value: Double
    /// Median of the same feature in what was learned, in the same unit.
    package var usual: Double
    /// The 5 and the 95 % point of what was learned here; `nil` before anything was.
    package var low: Double?
    package var high: Double?
    /// With this value, those of the other features that have one, and what `Verdict.othersNearer` asks for, there would have
    /// been no verdict; `nil` where nothing had to change.
    package var harmless: Double?
    /// Part of the evidence, 0...1; those of one verdict add up to at most 1.
    package var share: Double

    package init(name: String, value: Double, usual: Double, share: Double) {
        self.name = name
        self.value = value
        self.usual = usual
        self.share = share
    }
}

/// The service that an entity's flows went to most.
package struct Target: Hashable, Sendable {
    package var address: Address
    package var `protocol`: IPProtocol
    /// `nil` where several were hit.
    package var port: UInt16?

    package init(address: Address, protocol: IPProtocol, port: UInt16?) {
        self.address = address
        self.protocol = `protocol`
        self.port = port
    }
}

/// The detector's opinion on one window that is out of the ordinary, with its reasons.
package struct Verdict: Hashable, Sendable {
    package typealias Tier = Traffic.Tier

    /// End of the window.
    package var time: Timestamp
    package var entity: Entity
    package var score: Double
    package var threshold: Double
    package var tier: Tier
    /// Which group of features won: `volume`, `scan`, `failure`, `repetition` ...
    package var reason: String
    /// One sentence for people: "1,200 ports of 3 hosts in 10 s, usual: 2".
    package var summary: String
    /// Largest share first.
    package var features: [FeatureContribution]
    /// Part of the way to what is usual, 0...1, by which all features that are not listed would have had to be nearer to it, too,
    /// for there to be no verdict; `nil` where the harmless values of those that are listed are enough.
    package var othersNearer: Double?
    /// Identity and version of the model, as `sluice status` shows it.
    package var model: String
    /// Where the traffic went (source view), or what is under attack (destination view).
    package var target: Target?
    /// Whether what it is blamed for takes established connections, and so cannot have come from a forged address.
    package var isTwoWay: Bool
    /// The window as the models see it, `FeatureSchema.count` numbers, to learn from; empty where it is not known.
    package var row: [Float] = []
    /// `FeatureSchema.identity` of the build that made `features` and `row`; empty where it is not known.
    package var schema: String
    /// Whether it rests on something countable that needs no model and no second look.
    package var isCertain: Bool
    /// Other ends in the same second.
    package var peers: Int
    /// TCP conversations of the entity in the same second, other than logins, in which both sides sent data.
    package var served: Int

    package init(
        time: Timestamp, entity: Entity, score: Double, threshold: Double, tier: Tier, reason: String,
        summary: String,
        features: [FeatureContribution], model: String, target: Target?, isTwoWay: Bool,
        isCertain: Bool = true, peers: Int = 1, served: Int = 0, row: [Float] = [],
        schema: String = FeatureSchema.identity
    ) {
        self.time = time
        self.entity = entity
        self.score = score
        self.threshold = threshold
        self.tier = tier
        self.reason = reason
        self.summary = summary
        self.features = features
        self.model = model
        self.target = target
        self.isTwoWay = isTwoWay
        self.row = row
        self.schema = schema
        self.isCertain = isCertain
        self.peers = peers
        self.served = served
    }
}
