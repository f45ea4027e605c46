import Configuration
import Foundation
import Traffic

extension Ingress {
    /// What routes, addresses and the configuration tell of this network namespace.
    ///
    /// Only what leads away from the side of others is a home: a network of ours that is reached through an interface on that side
    /// has its packets come in there.
    init(_ configuration: Configuration, host: HostAddresses) {
        let routes = Routes(reading: configuration, host: host)
        func isOutside(_ interface: String) -> Bool {
            (configuration.roles[interface] ?? host.role(of: interface)) == .wan
        }
        let outside = configuration.interfaces.filter { interface in
            // Under a VLAN device or a bridge the frames of other sides come in, too.
            isOutside(interface) && Self.uppers(of: interface).allSatisfy(isOutside)
        }
        var homes = Set(Self.nobody + host.own)
        // Without a side of others there is none of ours either.
        let networks =
            host.knowsOutside(configuration.roles)
            ? host.inside(configuration.roles) + configuration.localNetworks + routes.networks : []
        for network in networks {
            guard let way = routes.interface(leadingTo: network.address), !isOutside(way) else { continue }
            homes.insert(network)
        }
        // A default route is none of ours, and neither is what has a neighbour outside in it.
        let others = host.outside(configuration.roles)
        homes = homes.filter { home in
            home.length > 0 && (home.isSingleAddress || !others.contains { $0.overlaps(home) })
        }
        let drops: Bool =
            switch configuration.martians {
            case .drop: true
            case .count: false
            case .auto: !outside.isEmpty && outside.allSatisfy(Self.isFilteredStrictly)
            }
        self.init(homes: homes, outside: outside, dropsMartians: drops)
    }

    /// Devices on top of one: VLANs, bridges, bonds.
    private static func uppers(of interface: String) -> [String] {
        let files =
            (try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/net/\(interface)")) ?? []
        return files.filter { $0.hasPrefix("upper_") }.map { String($0.dropFirst("upper_".count)) }
    }

    /// The kernel takes the greater of both numbers (`ip-sysctl`, rp_filter); 1 is strict.
    private static func isFilteredStrictly(_ interface: String) -> Bool {
        let numbers = ["all", interface].map { name in
            TextTable.rows("/proc/sys/net/ipv4/conf/\(name)/rp_filter").first?.first.flatMap { Int($0) } ?? 0
        }
        return numbers.max() == 1
    }
}
