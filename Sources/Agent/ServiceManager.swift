import Glibc

/// The service manager that started this process and wants to know how it is: systemd, by the protocol of sd_notify(3).
///
/// One datagram to a Unix socket for each state. What does not arrive is not sent again: who does not listen has no use for it.
package struct ServiceManager: Sendable {
    /// Path of the socket; an abstract one begins with `@`.
    private let socket: String
    /// How long it waits for a sign of life before it ends the service; `nil`: for ever.
    package let patience: Duration?

    /// What the environment says; `nil` without a service manager.
    package init?(environment: [String: String]) {
        guard let socket = environment["NOTIFY_SOCKET"], socket.hasPrefix("/") || socket.hasPrefix("@") else {
            return nil
        }
        self.socket = socket
        // The promise may have been made to another process, whose environment this one only inherited.
        let isForUs = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        patience = isForUs && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// A state of the service.
    package enum State: String, Sendable {
        /// Interfaces are guarded, and the first turn of the loop is done.
        case ready = "READY=1"
        /// The loop has turned.
        case alive = "WATCHDOG=1"
        case stopping = "STOPPING=1"
    }

    /// Says so.
    package func tell(_ state: State) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socket.utf8)
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let descriptor = Glibc.socket(
            AF_UNIX,
            Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
                | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let text = Array(state.rawValue.utf8)
        _ = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}

/// Signs of life for a service manager, tied to turns of the loop: four in the time after which it ends the service.
struct SignsOfLife {
    private let manager: ServiceManager?
    private var isReady = false
    private var last: ContinuousClock.Instant?

    init(to manager: ServiceManager?) { self.manager = manager }

    /// To be called after each turn.
    mutating func turned() {
        guard let manager else { return }
        if !isReady { manager.tell(.ready) }
        isReady = true
        guard let patience = manager.patience else { return }
        let now = ContinuousClock.now
        if let last, now - last < patience / 4 { return }
        manager.tell(.alive)
        last = now
    }

    func stopping() { manager?.tell(.stopping) }
}
