package import Traffic

/// Whose behaviour a window describes, and from which side.
package struct Entity: Hashable, Sendable {
    package typealias View = Traffic.View

    package let view: View
    /// One address, or the prefix under which IPv6 sources are accounted (default /64).
    package let prefix: Prefix

    package init(view: View, prefix: Prefix) {
        self.view = view
        self.prefix = prefix
    }
}
