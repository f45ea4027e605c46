/// How far the agent goes by itself.
///
/// Manual rules are enforced in every mode.
package enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
    /// Learns what is normal and decides nothing.
    case learn
    /// Decides everything, but automatic rules only count what they would have dropped.
    case shadow
    /// Sources are limited instead of banned.
    case limit
    /// Sources are banned.
    case enforce
}
