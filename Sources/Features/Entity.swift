package import Traffic

/// Whose behaviour a window describes, and from which side.
package struct Entity: Hashable, Sendable {
    /// The side from which it is looked at.
    package enum View: String, Hashable, Sendable, CaseIterable {
        /// Flows going out of the entity: tells whom to block.
        case source
        /// Flows going into the entity: sees what no single source shows.
        case destination
    }

    package let view: View
    /// One address, or the prefix under which IPv6 sources are accounted (default /64).
    package let prefix: Prefix

    package init(view: View, prefix: Prefix) {
        self.view = view
        self.prefix = prefix
    }
}
