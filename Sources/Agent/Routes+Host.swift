import Configuration
import Traffic

extension Routes {
    /// The routes of this network namespace's main tables, as far as the configuration has groups that ask for them.
    init(_ configuration: Configuration, host: HostAddresses) {
        guard configuration.groups.contains(where: \.traffic.asksForInterface) else {
            self.init()
            return
        }
        self.init(reading: configuration, host: host)
    }

    /// The routes of this network namespace's main tables.
    init(reading configuration: Configuration, host: HostAddresses) {
        var found: [Prefix: (interface: String, metric: UInt32)] = [:]
        func add(_ prefix: Prefix, _ interface: String, metric: UInt32) {
            // Every interface has the link-local networks, and groups of receivers send nothing.
            guard interface != "lo", !prefix.address.isLinkLocal, prefix.address.high >> 56 != 0xFF,
                metric < found[prefix]?.metric ?? .max
            else { return }
            found[prefix] = (interface, metric)
        }
        // Columns: interface, destination, gateway, flags, ..., metric (6), mask; addresses in host order of this machine.
        for fields in TextTable.rows("/proc/net/route") where fields.count > 7 && !isReject(fields[3]) {
            guard let address = UInt32(fields[1], radix: 16), let mask = UInt32(fields[7], radix: 16) else {
                continue
            }
            add(
                Prefix(Address(ipv4: UInt32(bigEndian: address)), length: mask.nonzeroBitCount), fields[0],
                metric: UInt32(fields[6]) ?? 0)
        }
        // Columns: destination, length, ..., metric (5), ..., flags (8), interface; in network order.
        for fields in TextTable.rows("/proc/net/ipv6_route") where fields.count > 9 && !isReject(fields[8]) {
            guard fields[0].utf8.count == 32, let high = UInt64(fields[0].prefix(16), radix: 16),
                let low = UInt64(fields[0].suffix(16), radix: 16), let length = Int(fields[1], radix: 16)
            else { continue }
            add(
                Prefix(Address(ipv6High: high, low: low), length: length), fields[9],
                metric: UInt32(fields[5], radix: 16) ?? 0)
        }
        let interfaces = found.mapValues(\.interface)
        var roles = configuration.roles
        for interface in Set(interfaces.values) where roles[interface] == nil {
            roles[interface] = host.role(of: interface)
        }
        self.init(interfaces, roles: roles, guarded: configuration.interfaces)
    }
}

/// `RTF_REJECT`: packets that this route is for are refused.
private func isReject(_ flags: String) -> Bool { (UInt32(flags, radix: 16) ?? 0) & 0x200 != 0 }
