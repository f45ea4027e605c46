/// What an operator says of an alert.
package enum Feedback: String, CaseIterable, Hashable, Sendable {
    /// It was right.
    case good
    /// It was a false alarm.
    case bad
}
