/// How sure a verdict is.
package enum Tier: String, CaseIterable, Hashable, Sendable {
    /// Worth a look.
    case alert
    /// Sure enough to block by itself.
    case block
}
