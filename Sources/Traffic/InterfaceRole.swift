/// Which side of this machine an interface is on.
package enum InterfaceRole: String, Hashable, Sendable, CaseIterable {
    /// The side of the Internet, and of what others own.
    case wan
    /// The side of our own networks.
    case lan

    /// What routes and addresses tell; `nil` if they do not.
    ///
    /// - Parameters:
    ///   - networks: directly connected through the interface.
    ///   - hasDefaultRoute: whether a default route of either family goes through it.
    package init?(networks: [Prefix], hasDefaultRoute: Bool) {
        // Every IPv6 interface has a link-local network.
        let telling = networks.filter { !$0.address.isLinkLocal }
        if hasDefaultRoute {
            self = .wan
        } else if !telling.isEmpty, telling.allSatisfy(\.address.isPrivate) {
            self = .lan
        } else {
            return nil
        }
    }
}
