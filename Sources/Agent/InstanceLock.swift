import Glibc

/// Another agent runs where this one was to run.
package struct AgentRunning: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// Keeps a second agent out of this network namespace, or off this database, for as long as it lives.
@safe package final class InstanceLock: Sendable {
    private let descriptor: CInt

    /// Takes the lock of a network namespace, a file that is made if need be.
    package convenience init(path: String) throws {
        try self.init(path: path) {
            "another agent (process \($0)) runs in this network namespace; "
                + "one agent serves several interfaces: name them all, or stop that one"
        }
    }

    /// Takes the lock of a database: a file beside it, since SQLite's own locks are let go with every transaction, and this
    /// one's must not be.
    package convenience init(state path: String) throws {
        try self.init(path: path + ".lock") {
            "another agent (process \($0)) keeps its state in \(path), and two would overwrite each "
                + "other's bans; name another file with --state, or stop that one"
        }
    }

    private init(path: String, trouble: (Int) -> String) throws {
        let raw = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard raw >= 0 else {
            throw AgentRunning(
                description: "cannot make \(path): \(unsafe String(cString: strerror(errno))); run as root")
        }
        guard flock(raw, LOCK_EX | LOCK_NB) == 0 else {
            let pid = Self.pid(in: raw)
            close(raw)
            throw AgentRunning(description: trouble(pid ?? 0))
        }
        ftruncate(raw, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = unsafe Glibc.write(raw, text, text.count)
        descriptor = raw
    }

    deinit { close(descriptor) }

    /// Where agents keep their locks.
    package static let folder = "/run/sluice"

    /// The lock of the network namespace with this number.
    package static func path(_ namespace: UInt64) -> String { "\(folder)/net-\(namespace).lock" }

    /// Process number of the agent that holds the lock `path`; `nil` if none does.
    package static func holder(of path: String) -> Int? {
        let raw = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        defer { close(raw) }
        guard flock(raw, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return pid(in: raw)
    }

    private static func pid(in descriptor: CInt) -> Int? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = max(unsafe Glibc.read(descriptor, &buffer, buffer.count), 0)
        return Int(String(decoding: buffer.prefix(count), as: UTF8.self).filter(\.isNumber))
    }
}
