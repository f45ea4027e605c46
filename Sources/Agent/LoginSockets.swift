import Glibc
import Traffic

/// Established TCP connections to the login service (port 22) whose socket belongs to root, as sshd's do.
///
/// Who connects anew has another socket, also from the same address and port: the kernel counts inodes up.
struct LoginSocket: Hashable {
    var address: Address
    var port: UInt16
    var inode: UInt32

    /// Those in a file like /proc/net/tcp; the columns are those of proc(5).
    static func list(in path: String) -> [LoginSocket] {
        TextTable.rows(path).compactMap { fields in
            guard fields.count > 9, fields[3] == "01", fields[7] == "0", let inode = UInt32(fields[9]),
                inode != 0, let local = Endpoint(fields[1]), local.port == 22,
                let remote = Endpoint(fields[2])
            else { return nil }
            return LoginSocket(address: remote.address, port: remote.port, inode: inode)
        }
    }
}

/// What went over TCP connections, by the kernel's socket diagnosis (sock_diag(7), `tcp_info`).
struct SocketBytes: Hashable {
    var received: UInt64
    /// Sent, and acknowledged by the other end.
    var acknowledged: UInt64

    /// Of established connections to a local port, by inode; `nil` if this kernel does not tell.
    static func ofConnections(to port: UInt16) -> [UInt32: SocketBytes]? {
        let socket = socket(AF_NETLINK, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, netlinkSocketDiagnosis)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        unsafe setsockopt(
            socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var found: [UInt32: SocketBytes] = [:]
        for family in [UInt8(AF_INET), UInt8(AF_INET6)] {
            let request = request(family, port)
            guard unsafe send(socket, request, request.count, 0) == request.count else { return nil }
            var isOver = false
            while !isOver {
                var answer = [UInt8](repeating: 0, count: 1 << 16)
                let length = unsafe recv(socket, &answer, answer.count, 0)
                guard length > 0, let more = read(answer[..<length], into: &found) else { return nil }
                isOver = !more
            }
        }
        return found
    }

    private static let netlinkSocketDiagnosis: Int32 = 4

    /// `nlmsghdr` and `inet_diag_req_v2`: a dump of established connections to a port, with `tcp_info`.
    private static func request(_ family: UInt8, _ port: UInt16) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 72)
        func put(_ value: UInt32, at place: Int) {
            for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: value >> UInt32(8 * byte)) }
        }
        put(72, at: 0)
        let (byFamily, requestAndDump): (UInt32, UInt32) = (20, 0x301)
        put(byFamily | requestAndDump << 16, at: 4)
        let (tcp, withInfo): (UInt8, UInt8) = (6, 1 << 1)
        bytes.replaceSubrange(16..<19, with: [family, tcp, withInfo])
        let established: UInt32 = 1 << 1
        put(established, at: 20)
        bytes.replaceSubrange(24..<26, with: [UInt8(port >> 8), UInt8(port & 0xFF)])
        return bytes
    }

    /// Takes in what one answer says; `false` if it was the last, `nil` if it is an error.
    private static func read(_ answer: ArraySlice<UInt8>, into found: inout [UInt32: SocketBytes]) -> Bool? {
        func word(_ place: Int) -> UInt64 {
            (0..<4).reduce(0) { $0 | UInt64(answer[place + $1]) << UInt64(8 * $1) }
        }
        var message = answer.startIndex
        while message + 16 <= answer.endIndex {
            let length = Int(word(message))
            guard length >= 16, message + length <= answer.endIndex else { return nil }
            switch word(message + 4) & 0xFFFF {
            case 3: return false
            case 20 where length >= 88:
                let inode = UInt32(truncatingIfNeeded: word(message + 84))
                var attribute = message + 88
                while attribute + 4 <= message + length {
                    let (size, type) = (Int(word(attribute) & 0xFFFF), word(attribute) >> 16)
                    guard size >= 4, attribute + size <= message + length else { break }
                    // `tcpi_bytes_acked` and `tcpi_bytes_received`.
                    if type == 2, size >= 4 + 136 {
                        let info = attribute + 4
                        found[inode] = SocketBytes(
                            received: word(info + 128) | word(info + 132) << 32,
                            acknowledged: word(info + 120) | word(info + 124) << 32)
                    }
                    attribute += (size + 3) & ~3
                }
            default: return nil
            }
            message += (length + 3) & ~3
        }
        return true
    }
}
