import Glibc

/// A network interface of this network namespace.
package struct Interface: Hashable, Sendable {
    package let name: String
    package let index: UInt32

    /// Looks the interface up.
    package init(named name: String) throws {
        let index = unsafe if_nametoindex(name)
        guard index != 0 else {
            let present = Self.names().filter { $0 != "lo" }.joined(separator: ", ")
            throw DatapathError(
                "there is no interface '\(name)' in this network namespace; there are: \(present.isEmpty ? "none" : present)"
            )
        }
        self.name = name
        self.index = index
    }

    /// Names of all interfaces.
    package static func names() -> [String] {
        guard let list = unsafe if_nameindex() else { return [] }
        defer { unsafe if_freenameindex(list) }
        var names: [String] = []
        var next = unsafe list
        while let name = unsafe next.pointee.if_name {
            names.append(unsafe String(cString: name))
            unsafe next += 1
        }
        return names
    }
}
