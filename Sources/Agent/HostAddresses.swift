import Glibc
package import Policy
package import Traffic

/// What this machine needs to stay reachable, and what lies next to it.
package struct HostAddresses: Hashable, Sendable {
    /// The machine's own addresses, its gateways and its resolvers: never banned.
    package private(set) var protected: [ProtectedPrefix] = []
    /// Directly connected networks, whose hosts can be told apart one by one.
    package private(set) var connected: [Prefix] = []

    /// Looks them up in this network namespace.
    package init() {
        readInterfaces()
        readGateways()
        readResolvers()
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
            protected.append(ProtectedPrefix(prefix: Prefix(address), reason: "address of \(name)"))
            if name != "lo", let mask = unsafe Address(entry.pointee.ifa_netmask) {
                connected.append(
                    Prefix(address, length: mask.high.nonzeroBitCount + mask.low.nonzeroBitCount))
            }
        }
    }

    private mutating func readGateways() {
        // Columns: interface, destination, gateway ... in hexadecimal, IPv4 in host order of this machine.
        for fields in Self.table("/proc/net/route") where fields.count > 2 {
            guard let bits = UInt32(fields[2], radix: 16), bits != 0 else { continue }
            protect(Address(ipv4: UInt32(bigEndian: bits)), "gateway of \(fields[0])")
        }
        // Columns: destination, length, source, length, next hop ... interface, in network order.
        for fields in Self.table("/proc/net/ipv6_route") where fields.count > 9 && fields[4].utf8.count == 32
        {
            guard let high = UInt64(fields[4].prefix(16), radix: 16),
                let low = UInt64(fields[4].suffix(16), radix: 16),
                high != 0 || low != 0
            else { continue }
            protect(Address(ipv6High: high, low: low), "gateway of \(fields[9])")
        }
    }

    private mutating func readResolvers() {
        for fields in Self.table("/etc/resolv.conf") where fields.count > 1 && fields[0] == "nameserver" {
            if let address = Address(fields[1]) { protect(address, "resolver of this machine") }
        }
    }

    private mutating func protect(_ address: Address, _ reason: String) {
        let entry = ProtectedPrefix(prefix: Prefix(address), reason: reason)
        if !protected.contains(where: { $0.prefix == entry.prefix }) { protected.append(entry) }
    }

    /// Lines of a small text file, cut at white space; nothing if it cannot be read.
    private static func table(_ path: String) -> [[String]] {
        guard let file = unsafe fopen(path, "r") else { return [] }
        defer { unsafe fclose(file) }
        var lines: [[String]] = []
        var buffer = [CChar](repeating: 0, count: 1024)
        while unsafe fgets(&buffer, CInt(buffer.count), file) != nil {
            let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            lines.append(text.split(whereSeparator: \.isWhitespace).map(String.init))
        }
        return lines
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
