/// What the latest window says of one entity, for whoever asks.
package struct EntityReport: Hashable, Sendable {
    package var flows: Int
    /// Other ends: destinations of a source, sources of a destination.
    package var peers: Int
    /// Names of the models that judge it, as verdicts carry them.
    package var model: String
    /// What made the score, largest share first.
    package var features: [FeatureContribution]
}
