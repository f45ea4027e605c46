package import Features
package import Traffic

/// What an operator can set about detection.
package struct DetectionConfiguration: Sendable {
    package var windows = WindowConfiguration()
    /// Span of traffic to learn from before a model of this site is trained; zero: never.
    package var learnDuration: Duration = .seconds(600)
    /// Span of traffic after which the next model of this site is trained; zero: never.
    package var retrainInterval: Duration = .zero
    /// How long a new model judges beside the one in use before it may take over.
    package var trialDuration: Duration = .seconds(6 * 3600)
    /// How many false alarms a day are acceptable; thresholds follow from it.
    package var accepted = AcceptedAlarms()
    /// Whose traffic counts against which part of them.
    package var grouping = Grouping()
    /// Windows kept for training, in each view; 272 bytes each.
    package var maximumRows = 30_000
    /// A verdict on the same entity is repeated after this span, or when its tier rises.
    package var repeatInterval: Duration = .seconds(60)

    package init() {}
}
