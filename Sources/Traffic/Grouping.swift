/// Traffic that is judged and acted on by settings of its own.
///
/// It is told by where it goes to, by where it comes in, or by both; what is empty does not matter.
package struct TrafficGroup: Hashable, Sendable {
    package var name: String
    /// Destinations that are under its protection.
    package var protects: [Prefix]
    /// Interfaces at which it comes in: by name, or by their side.
    package var interfaces: [String]
    package var roles: [InterfaceRole]
    /// Whether what is usual in it is learned apart from the rest.
    package var hasOwnModel: Bool

    package init(
        name: String, protects: [Prefix] = [], interfaces: [String] = [], roles: [InterfaceRole] = [],
        hasOwnModel: Bool = false
    ) {
        self.name = name
        self.protects = protects
        self.interfaces = interfaces
        self.roles = roles
        self.hasOwnModel = hasOwnModel
    }

    package var asksForInterface: Bool { !interfaces.isEmpty || !roles.isEmpty }
}

/// Tells which group traffic is in.
///
/// Of several that match, the one with the longest prefix around the destination; of those, one that names the interface before
/// one that names its side before one that names neither; of those, the first. Where a packet came in is not counted with its
/// flow, so it is told by its source: it came in where answers go out. Of a destination's many senders it is not known.
package struct Grouping: Hashable, Sendable {
    package let groups: [TrafficGroup]
    package var routes: Routes
    private let asksForInterface: Bool

    package init(_ groups: [TrafficGroup] = [], routes: Routes = Routes()) {
        self.groups = groups
        self.routes = routes
        asksForInterface = groups.contains(where: \.asksForInterface)
    }

    /// The place in `groups` of traffic from one source (`nil`: from many) to a destination (`nil`: to many).
    package func place(from source: Address?, to destination: Address?) -> Int? {
        guard !groups.isEmpty else { return nil }
        let arrivals =
            !asksForInterface
            ? []
            : source.map { routes.interface(leadingTo: $0).map { [$0] } ?? [] }
                ?? routes.interfaces(towards: destination)
        var best: (place: Int, fit: (length: Int, interface: Int))?
        for (place, group) in groups.enumerated() {
            guard let length = fit(of: group, to: destination), let interface = fit(of: group, at: arrivals)
            else { continue }
            if best.map({ (length, interface) > $0.fit }) ?? true { best = (place, (length, interface)) }
        }
        return best?.place
    }

    /// How well the destination fits, `nil` if it does not.
    private func fit(of group: TrafficGroup, to destination: Address?) -> Int? {
        if group.protects.isEmpty { return -1 }
        guard let destination else { return nil }
        return group.protects.filter { $0.contains(destination) }.map(\.length).max()
    }

    /// How well the way in fits, `nil` if it does not.
    private func fit(of group: TrafficGroup, at arrivals: [String]) -> Int? {
        if !group.asksForInterface { return 0 }
        if arrivals.contains(where: group.interfaces.contains) { return 2 }
        return arrivals.contains { routes.roles[$0].map(group.roles.contains) ?? false } ? 1 : nil
    }
}
