/// Which interface leads to which networks, and what is known of the interfaces.
package struct Routes: Hashable, Sendable {
    private let interfaces: [Prefix: String]
    /// Lengths of prefixes in `interfaces`, the longest first.
    private let lengths: [Int]
    /// Which side interfaces are on, as far as that is known.
    package let roles: [String: InterfaceRole]
    /// Interfaces at which packets are seen as they come in.
    package let guarded: [String]

    /// No route leads anywhere.
    package init() { self.init([:], roles: [:], guarded: []) }

    /// Routes by the network that they lead to.
    package init(_ interfaces: [Prefix: String], roles: [String: InterfaceRole], guarded: [String]) {
        self.interfaces = interfaces
        self.roles = roles
        self.guarded = guarded
        lengths = Set(interfaces.keys.map(\.length)).sorted(by: >)
    }

    /// Whether it leads anywhere through this interface.
    package func lead(through interface: String) -> Bool { interfaces.values.contains(interface) }

    /// What routes lead to.
    package var networks: [Prefix] { Array(interfaces.keys) }

    /// The interface of the longest prefix that has the address; `nil` if there is none.
    package func interface(leadingTo address: Address) -> String? {
        for length in lengths where length <= address.bitWidth {
            if let interface = interfaces[Prefix(address, length: length)] { return interface }
        }
        return nil
    }

    /// Where packets can have come in that went to `destination`: all guarded interfaces but the one that leads there,
    /// unless there is no other.
    package func interfaces(towards destination: Address?) -> [String] {
        guard let out = destination.flatMap(interface(leadingTo:)) else { return guarded }
        let others = guarded.filter { $0 != out }
        return others.isEmpty ? guarded : others
    }
}
