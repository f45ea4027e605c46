import Glibc

/// Who asks, as the kernel has it from the other end of the socket (`SO_PEERCRED`, unix(7)).
package struct Caller: Hashable, Sendable {
    package var user: UInt32
    package var process: Int32
    /// The primary group and all others, at the time of connecting.
    package var groups: Set<UInt32>

    package init(user: UInt32, process: Int32, groups: Set<UInt32>) {
        self.user = user
        self.process = process
        self.groups = groups
    }

    /// Whose request is being answered; `nil` outside of one.
    @TaskLocal package static var current: Caller?

    /// Root, or whoever runs the agent: above all groups.
    var isOwner: Bool { user == 0 || user == geteuid() }

    /// `alice (uid 1000)`, as the audit trail has it; without the name if the machine knows none.
    package var name: String {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard unsafe getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
            let name = unsafe entry.pw_name
        else { return "uid \(user)" }
        return unsafe "\(String(cString: name)) (uid \(user))"
    }
}

extension Caller {
    /// Longest list of groups that is asked for; the kernel's own limit is 65,536 (`NGROUPS_MAX`).
    private static let maximumGroups = 65_536

    /// The process at the other end of a connected Unix socket; `nil` if the kernel does not say.
    init?(peerOf socket: CInt) {
        // `struct ucred` is pid, uid and gid, of 32 bits each; Swift's Glibc has no name for it.
        var peer: [UInt32] = [0, 0, 0]
        var length = socklen_t(peer.count * MemoryLayout<UInt32>.size)
        guard unsafe getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 else { return nil }
        var groups = [gid_t](repeating: 0, count: 32)
        var size = socklen_t(groups.count * MemoryLayout<gid_t>.size)
        var status = unsafe getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, &groups, &size)
        if status != 0, errno == ERANGE {
            // The kernel has written how much room it needs.
            groups = Array(repeating: 0, count: min(Int(size) / MemoryLayout<gid_t>.size, Self.maximumGroups))
            size = socklen_t(groups.count * MemoryLayout<gid_t>.size)
            status = unsafe getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, &groups, &size)
        }
        let others = status == 0 ? groups.prefix(Int(size) / MemoryLayout<gid_t>.size) : []
        self.init(user: peer[1], process: Int32(bitPattern: peer[0]), groups: Set(others).union([peer[2]]))
    }
}
