import Glibc
import Policy
import Traffic

/// Where operators are logged in from.
///
/// Whoever merely connects to the login service must not become protected by that, or guessing passwords would protect. So it
/// counts who has logged in (the system's record of sessions), and whose connection outlives the time that sshd gives for
/// logging in (`LoginGraceTime`, two minutes unless set otherwise).
struct Operators {
    /// Seconds after which an established connection is a login.
    static let grace: Duration = .seconds(150)

    /// A connection to the login service, by its remote end.
    struct Peer: Hashable {
        var address: Address
        var port: UInt16
    }

    /// By the machine's uptime: a clock that is set makes no login of a connection.
    private var firstSeen: [Peer: Duration] = [:]

    /// Where those are who are logged in now, since the machine started, as what rules must not touch.
    mutating func protected(at now: Duration) -> [ProtectedPrefix] {
        addresses(at: now).sorted().map {
            ProtectedPrefix(prefix: Prefix($0), reason: "where an operator is logged in from")
        }
    }

    private mutating func addresses(at now: Duration) -> Set<Address> {
        let peers = Set(["tcp", "tcp6"].flatMap { Self.peers(in: "/proc/net/\($0)") })
        firstSeen = firstSeen.filter { peers.contains($0.key) }
        for peer in peers where firstSeen[peer] == nil { firstSeen[peer] = now }
        let lasting = firstSeen.filter { now - $0.value >= Self.grace }.map(\.key.address)
        return Set(lasting).union(Self.sessions()).union(Self.starter()).filter { !$0.isLoopback }
    }

    /// Remote ends of established connections to port 22; the columns are those of proc(5).
    static func peers(in path: String) -> [Peer] {
        TextTable.rows(path).compactMap { fields in
            guard fields.count > 3, fields[3] == "01",
                let local = Endpoint(fields[1]), local.port == 22, let remote = Endpoint(fields[2])
            else { return nil }
            return Peer(address: remote.address, port: remote.port)
        }
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
