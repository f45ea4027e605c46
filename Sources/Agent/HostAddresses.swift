import Glibc
package import Policy
package import Traffic

/// What this machine needs to stay reachable, and what lies next to it.
package struct HostAddresses: Hashable, Sendable {
    /// The machine's own addresses, its gateways, resolvers and time servers: never banned by the agent.
    package private(set) var protected: [ProtectedPrefix] = []
    /// The machine's own addresses.
    private(set) var own: [Prefix] = []
    /// Directly connected networks, whose hosts can be told apart one by one, by interface.
    private var networks: [String: [Prefix]] = [:]
    /// Interfaces that default routes go through.
    private var defaultRoutes: Set<String> = []

    /// Looks them up in this network namespace.
    package init() {
        readInterfaces()
        readGateways()
        readResolvers()
        readTimeServers()
    }

    /// Which side an interface is on, by its networks and routes; `nil` if they do not tell.
    package func role(of interface: String) -> InterfaceRole? {
        InterfaceRole(
            networks: networks[interface] ?? [], hasDefaultRoute: defaultRoutes.contains(interface))
    }

    /// Our own side: connected networks but those on the side of the Internet, and this machine's addresses.
    package func inside(_ roles: [String: InterfaceRole]) -> [Prefix] {
        own + networks.filter { (roles[$0.key] ?? role(of: $0.key)) != .wan }.flatMap(\.value)
    }

    /// Whether any interface is on the side of the Internet.
    func knowsOutside(_ roles: [String: InterfaceRole]) -> Bool {
        !defaultRoutes.isEmpty || roles.values.contains(.wan)
    }

    /// Connected networks on the side of the Internet.
    package func outside(_ roles: [String: InterfaceRole]) -> [Prefix] {
        networks.filter { (roles[$0.key] ?? role(of: $0.key)) == .wan }.flatMap(\.value)
    }

    private mutating func readInterfaces() {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return }
        defer { unsafe freeifaddrs(list) }
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = unsafe entry.pointee.ifa_next
            guard let address = unsafe Address(entry.pointee.ifa_addr) else { continue }
            let name = unsafe String(cString: entry.pointee.ifa_name)
            protected.append(
                ProtectedPrefix(prefix: Prefix(address), reason: "address of \(name)", isVital: true))
            own.append(Prefix(address))
            if name != "lo", let mask = unsafe Address(entry.pointee.ifa_netmask) {
                networks[name, default: []].append(
                    Prefix(address, length: mask.high.nonzeroBitCount + mask.low.nonzeroBitCount))
            }
        }
    }

    private mutating func readGateways() {
        // Columns: interface, destination, gateway, ..., mask (7) in hexadecimal, IPv4 in host order of this machine.
        for fields in TextTable.rows("/proc/net/route") where fields.count > 7 {
            if fields[1] == "00000000", fields[7] == "00000000" { defaultRoutes.insert(fields[0]) }
            guard let bits = UInt32(fields[2], radix: 16), bits != 0 else { continue }
            protect(Address(ipv4: UInt32(bigEndian: bits)), "gateway of \(fields[0])", isVital: true)
        }
        // Columns: destination, length, source, length, next hop ... interface, in network order.
        for fields in TextTable.rows("/proc/net/ipv6_route")
        where fields.count > 9 && fields[4].utf8.count == 32 {
            // Through `lo` goes what has no route.
            if fields[0].allSatisfy({ $0 == "0" }), fields[1] == "00", fields[9] != "lo" {
                defaultRoutes.insert(fields[9])
            }
            guard let high = UInt64(fields[4].prefix(16), radix: 16),
                let low = UInt64(fields[4].suffix(16), radix: 16),
                high != 0 || low != 0
            else { continue }
            protect(Address(ipv6High: high, low: low), "gateway of \(fields[9])", isVital: true)
        }
    }

    private mutating func readResolvers() {
        for fields in TextTable.rows("/etc/resolv.conf") where fields.count > 1 && fields[0] == "nameserver" {
            if let address = Address(fields[1]) { protect(address, "resolver of this machine") }
        }
    }

    /// Those that are written as addresses, and those that answer to a socket now: names are not resolved.
    ///
    /// Any user can open a socket to any address, so it must be one of root's or of the time daemon's.
    private mutating func readTimeServers() {
        for path in ["/etc/chrony/chrony.conf", "/etc/ntpsec/ntp.conf", "/etc/ntp.conf"] {
            for fields in TextTable.rows(path)
            where fields.count > 1 && ["server", "pool", "peer"].contains(fields[0]) {
                if let address = Address(fields[1]) { protect(address, "time server of this machine") }
            }
        }
        for fields in TextTable.rows("/etc/systemd/timesyncd.conf")
        where fields.first?.hasPrefix("NTP=") == true {
            for word in [String(fields[0].dropFirst(4))] + fields.dropFirst() {
                if let address = Address(word) { protect(address, "time server of this machine") }
            }
        }
        let owners = Self.timeKeepers
        for fields in TextTable.rows("/proc/net/udp") + TextTable.rows("/proc/net/udp6")
        where fields.count > 7 {
            guard let remote = Endpoint(fields[2]), remote.port == 123, let owner = uid_t(fields[7]),
                owners.contains(owner)
            else { continue }
            protect(remote.address, "time server of this machine")
        }
    }

    /// Users whose sockets to port 123 are there to tell the time: root, and those that time daemons run as.
    private static var timeKeepers: Set<uid_t> {
        let names = ["_chrony", "chrony", "ntp", "ntpsec", "_ntp", "systemd-timesync"]
        return Set([0] + names.compactMap { name in unsafe getpwnam(name)?.pointee.pw_uid })
    }

    private mutating func protect(_ address: Address, _ reason: String, isVital: Bool = false) {
        let entry = ProtectedPrefix(prefix: Prefix(address), reason: reason, isVital: isVital)
        if !protected.contains(where: { $0.prefix == entry.prefix }) { protected.append(entry) }
    }
}

extension Address {
    /// From the C library's form; `nil` if it is neither IPv4 nor IPv6.
    fileprivate init?(_ address: UnsafeMutablePointer<sockaddr>?) {
        guard let address = unsafe address else { return nil }
        switch unsafe CInt(address.pointee.sa_family) {
        case AF_INET:
            let bits = unsafe UnsafeRawPointer(address).loadUnaligned(fromByteOffset: 4, as: UInt32.self)
            self.init(ipv4: UInt32(bigEndian: bits))
        case AF_INET6:
            let bytes = unsafe UnsafeRawPointer(address) + 8
            self.init(
                ipv6High: UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        default:
            return nil
        }
    }
}
