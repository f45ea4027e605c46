/// One line of the run's story, that stays on the screen.
package struct Event: Codable, Hashable, Sendable {
    /// What a line is about.
    package enum Kind: String, Codable, Hashable, Sendable {
        /// The lab or the agent got ready for something.
        case ready
        /// The agent knows what is normal.
        case learned
        /// The first packet of an attack.
        case attack
        case alert, ban
        /// The first packet dropped in the kernel.
        case drop
        /// What an attacker's host can reach changed.
        case reach
        /// A ban ended by itself.
        case banEnd
        /// An attack that nothing was done about.
        case missed
        /// Something that should not have happened.
        case warning
    }

    private enum CodingKeys: String, CodingKey {
        case kind = "event"
        case elapsed, text, details
    }

    package var kind: Kind
    /// Seconds since the start of the lab.
    package var elapsed: Double
    package var text: String
    /// More about it, one line each.
    package var details: [String] = []
}
