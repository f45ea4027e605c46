package import API
import Glibc

/// Who may ask, and who may change things.
///
/// Root and the agent's own user may do everything. Without groups the socket's mode decides alone: its owner
/// and its group (the agent's) may do everything.
package struct ControlAccess: Hashable, Sendable {
    /// May ask.
    package var readers: UInt32?
    /// May ask and change.
    package var writers: UInt32?

    package init(readers: UInt32? = nil, writers: UInt32? = nil) {
        self.readers = readers
        self.writers = writers
    }

    /// The group with this name or number.
    package static func group(named name: String) throws(ControlError) -> UInt32 {
        if let number = UInt32(name) { return number }
        var entry = unsafe Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        // Room for the members of a large group.
        var buffer = [CChar](repeating: 0, count: 1 << 20)
        guard unsafe getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil else {
            throw ControlError(
                .notFound, "there is no group `\(name)`", hint: "make it (groupadd \(name)), or name another")
        }
        return unsafe entry.gr_gid
    }

    /// The socket's mode: with groups everybody gets in as far as `check`, since a socket has one group only,
    /// and giving it away takes a capability (CAP_CHOWN) that the agent has no other use for.
    var mode: mode_t { readers == nil && writers == nil ? 0o660 : 0o666 }

    /// Throws if the caller may not do this; a request that only asks `isReading`.
    func check(_ caller: Caller, isReading: Bool) throws(ControlError) {
        if caller.isOwner || readers == nil && writers == nil { return }
        if let writers, caller.groups.contains(writers) { return }
        let isReader = readers.map(caller.groups.contains) ?? false
        if isReader, isReading { return }
        let who = writers.map { "the group \(Self.name(of: $0))" } ?? "root"
        throw ControlError(
            .forbidden,
            "\(caller.name) may \(isReader ? "ask, but not change anything" : "not use this socket")",
            hint: isReader ? "\(who) may" : "become a member of the group \(groupNames)")
    }

    private var groupNames: String {
        [readers, writers].compactMap { $0 }.map(Self.name).joined(separator: " (to ask) or ")
    }

    private static func name(of group: UInt32) -> String {
        var entry = unsafe Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 1 << 20)
        guard unsafe getgrgid_r(group, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
            let name = unsafe entry.gr_name
        else { return "\(group)" }
        return unsafe String(cString: name)
    }
}
