import Glibc
import Traffic

/// A TCP socket of the loopback interface.
@safe final class TalkingSocket {
    struct Failure: Error { var what: String }

    private let descriptor: CInt

    private init(_ descriptor: CInt, _ what: String) throws {
        guard descriptor >= 0 else { throw Failure(what: "\(what): \(errno)") }
        self.descriptor = descriptor
    }

    convenience init(listeningOn host: String) throws {
        try unsafe self.init(host, 0) { unsafe bind($0, $1, $2) }
        guard listen(descriptor, 1) == 0 else { throw Failure(what: "listen: \(errno)") }
    }

    convenience init(connectingTo host: String, port: UInt16) throws {
        try unsafe self.init(host, port) { unsafe connect($0, $1, $2) }
    }

    private convenience init(
        _ host: String, _ port: UInt16,
        _ use: (CInt, UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws {
        let isIPv4 = !host.contains(":")
        try self.init(socket(isIPv4 ? AF_INET : AF_INET6, CInt(SOCK_STREAM.rawValue), 0), "socket")
        let result: CInt
        if isIPv4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            result = unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        } else {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            result = unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        guard result == 0 else { throw Failure(what: "\(host) port \(port): \(errno)") }
    }

    deinit { close(descriptor) }

    var port: UInt16 {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        // Both families have it at the same place.
        return UInt16(bigEndian: address.sin6_port)
    }

    var inode: UInt32 {
        var status = stat()
        unsafe fstat(descriptor, &status)
        return UInt32(truncatingIfNeeded: status.st_ino)
    }

    func accept() throws -> TalkingSocket {
        try TalkingSocket(Glibc.accept(descriptor, nil, nil), "accept")
    }

    func write(_ count: Int) throws {
        let bytes = [UInt8](repeating: 7, count: count)
        guard unsafe Glibc.write(descriptor, bytes, count) == count else { throw Failure(what: "write") }
    }

    func read(_ count: Int) throws {
        var (bytes, left) = ([UInt8](repeating: 0, count: count), count)
        while left > 0 {
            let some = unsafe Glibc.read(descriptor, &bytes, left)
            guard some > 0 else { throw Failure(what: "read") }
            left -= some
        }
    }
}
