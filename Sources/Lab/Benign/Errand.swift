/// What one client does from beginning to end: programs one after the other, with pauses.
package struct Errand: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        case run(Command)
        /// Seconds, at speed 1.
        case pause(Double)
    }

    /// Seconds between what led to it and its first step, at speed 1.
    package var delay = 0.0
    /// Who does it, and with whom, for the log.
    package var client: String
    package var server: String
    package var steps: [Step]
}
