import Glibc
import Policy
import Traffic

/// Where operators are logged in from.
///
/// Whoever merely connects to the login service must not become protected by that, or guessing passwords would protect. So it
/// counts who has logged in (the system's record of sessions), and whose connection outlives the time that sshd gives for
/// logging in (`LoginGraceTime`, two minutes unless set otherwise) with talk in both directions. A connection is told by its socket:
/// one that is closed and made anew, from whatever port, begins anew.
struct Operators {
    /// Seconds after which an established connection is a login.
    static let grace: Duration = .seconds(150)
    /// So much has gone each way over the shortest session: keys are exchanged and a user proves who he is.
    ///
    /// Who only waits behind a banner has said less.
    static let leastBytes: UInt64 = 1000

    /// By the machine's uptime: a clock that is set makes no login of a connection.
    private var firstSeen: [LoginSocket: Duration] = [:]

    /// Where those are who are logged in now, since the machine started, as what rules must not touch.
    mutating func protected(at now: Duration) -> [ProtectedPrefix] {
        let sockets = ["tcp", "tcp6"].flatMap { LoginSocket.list(in: "/proc/net/\($0)") }
        let lasting = follow(Set(sockets), bytes: SocketBytes.ofConnections(to: 22), at: now)
        return lasting.union(Self.sessions()).union(Self.starter()).filter { !$0.isLoopback }.sorted().map {
            ProtectedPrefix(prefix: Prefix($0), reason: "where an operator is logged in from")
        }
    }

    /// Other ends of the connections that are logins by now.
    ///
    /// `bytes` is what went over each, by inode; `nil` if the kernel does not tell: then age alone decides.
    mutating func follow(
        _ sockets: Set<LoginSocket>, bytes: [UInt32: SocketBytes]?, at now: Duration
    ) -> Set<Address> {
        firstSeen = firstSeen.filter { sockets.contains($0.key) }
        for socket in sockets where firstSeen[socket] == nil { firstSeen[socket] = now }
        return Set(
            firstSeen.lazy.filter { socket, first in
                guard now - first >= Self.grace else { return false }
                guard let bytes else { return true }
                return bytes[socket.inode].map {
                    min($0.received, $0.acknowledged) >= Self.leastBytes
                } ?? false
            }.map(\.key.address))
    }

    /// From where users are logged in, by the system's record of sessions (utmp).
    private static func sessions() -> [Address] {
        setutxent()
        defer { endutxent() }
        var found: [Address] = []
        while let entry = unsafe getutxent() {
            guard unsafe entry.pointee.ut_type == USER_PROCESS else { continue }
            let words = unsafe entry.pointee.ut_addr_v6
            let bits = [words.0, words.1, words.2, words.3].map { UInt32(bigEndian: UInt32(bitPattern: $0)) }
            guard bits != [0, 0, 0, 0] else { continue }
            found.append(
                bits[1...] == [0, 0, 0]
                    ? Address(ipv4: bits[0])
                    : Address(
                        ipv6High: UInt64(bits[0]) << 32 | UInt64(bits[1]),
                        low: UInt64(bits[2]) << 32 | UInt64(bits[3])))
        }
        return found
    }

    /// Who started the agent from an SSH session.
    private static func starter() -> [Address] {
        guard let text = unsafe getenv("SSH_CONNECTION") else { return [] }
        return unsafe String(cString: text).split(separator: " ").prefix(1).compactMap { Address(String($0)) }
    }
}

/// An address and a port as /proc/net has them: `0100007F:0016`.
struct Endpoint: Hashable {
    var address: Address
    var port: UInt16

    init?(_ text: String) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
        // Words of 32 bits, each in this machine's order.
        let digits = Array(parts[0])
        guard digits.count == 8 || digits.count == 32 else { return nil }
        let words = stride(from: 0, to: digits.count, by: 8).compactMap {
            UInt32(String(digits[$0..<$0 + 8]), radix: 16).map(UInt32.init(bigEndian:))
        }
        self.port = port
        if words.count == 1 {
            address = Address(ipv4: words[0])
        } else if words.count == 4 {
            // IPv4 on a socket for both families.
            address =
                words[0] == 0 && words[1] == 0 && words[2] == 0xFFFF
                ? Address(ipv4: words[3])
                : Address(
                    ipv6High: UInt64(words[0]) << 32 | UInt64(words[1]),
                    low: UInt64(words[2]) << 32 | UInt64(words[3]))
        } else {
            return nil
        }
    }
}

extension Address {
    /// 127.0.0.0/8 and ::1.
    fileprivate var isLoopback: Bool { isIPv4 ? low >> 24 == 127 : high == 0 && low == 1 }
}
