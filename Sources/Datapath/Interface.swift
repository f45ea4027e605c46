import CLibbpf
import Glibc

/// A network interface of this network namespace.
package struct Interface: Hashable, Sendable {
    package let name: String
    package let index: UInt32

    /// Looks the interface up.
    ///
    /// - Throws: `DatapathError`, which names the interfaces that are there.
    package init(named name: String) throws {
        guard let index = Self.index(of: name) else {
            let present = Self.names().filter { $0 != "lo" }.joined(separator: ", ")
            throw DatapathError(
                "there is no interface '\(name)' in this network namespace; there are: \(present.isEmpty ? "none" : present)"
            )
        }
        self.name = name
        self.index = index
    }

    /// The interface that has this index now, whatever its name has become; `nil` if there is none.
    init?(index: UInt32) {
        var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard unsafe if_indextoname(index, &buffer) != nil else { return nil }
        name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.index = index
    }

    /// Whether it is switched on (`ip link set up`).
    package var isUp: Bool {
        let flags = unsafe sluice_interface_flags(name)
        return flags >= 0 && flags & CInt(IFF_UP) != 0
    }

    /// Index of the interface with this name now; `nil` if there is none.
    static func index(of name: String) -> UInt32? {
        let index = unsafe if_nametoindex(name)
        return index == 0 ? nil : index
    }

    /// Throws what `init(named:)` throws for the first of these names if no interface has any of them.
    package static func requireOne(of names: [String]) throws {
        guard let first = names.first, names.allSatisfy({ index(of: $0) == nil }) else { return }
        _ = try Interface(named: first)
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
