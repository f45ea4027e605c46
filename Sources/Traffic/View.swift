/// The side from which an entity is looked at.
package enum View: String, Hashable, Sendable, CaseIterable {
    /// Flows going out of it: tells whom to block.
    case source
    /// Flows going into it: sees what no single source shows.
    case destination
}
