import CTestSupport
import Datapath
import Dispatch
import Glibc
import Synchronization
import TestSupport
import Testing

/// A veth pair in a namespace: frames sent into `far` come in at `near`, where the data plane is to be.
struct Wire {
    let near: Interface

    /// Makes the pair in the calling thread's namespace.
    init(queues: Int = 1, mtu: Int = 1500) throws {
        let shape = "mtu \(mtu) numtxqueues \(queues) numrxqueues \(queues)"
        try command("ip link add near \(shape) type veth peer name far \(shape)")
        for end in ["near", "far"] {
            // What is on the wire is what tests send: a router's advertisement in a capture would be answered.
            try command("sysctl -qw net.ipv6.conf.\(end).disable_ipv6=1")
            try command("ip link set \(end) up")
        }
        near = try Interface(named: "near")
    }

    func remove() throws { try command("ip link del near") }
}

/// Raw frames in and out of one interface.
final class RawSocket: Sendable {
    private let descriptor: CInt

    init(on interface: Interface, receiving: Bool = false) throws {
        descriptor = test_packet_socket(interface.index, receiving ? 1 : 0)
        try #require(descriptor >= 0)
    }

    deinit { close(descriptor) }

    /// Sends one frame; `false` if the interface did not take it.
    @discardableResult
    func send(_ frame: [UInt8]) -> Bool {
        unsafe Glibc.send(descriptor, frame, frame.count, 0) == frame.count
    }

    /// All frames that came in until now, without those that this machine sent itself.
    func received() -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe test_receive(descriptor, &buffer, buffer.count)
            guard count >= 0 else { return frames }
            frames.append(Array(buffer[..<count]))
        }
    }
}

/// Frames sent without a pause from another thread.
final class Flood: Sendable {
    private let socket: RawSocket
    private let frames: [[UInt8]]
    private let isStopped = Atomic(false)
    private let sent = Atomic(0)
    private let group = DispatchGroup()

    init(_ socket: RawSocket, _ frames: [[UInt8]]) {
        self.socket = socket
        self.frames = frames
    }

    func start() {
        DispatchQueue.global().async(group: group) {
            while !self.isStopped.load(ordering: .relaxed) {
                for frame in self.frames where self.socket.send(frame) {
                    self.sent.add(1, ordering: .relaxed)
                }
            }
        }
    }

    /// Ends it.
    ///
    /// - Returns: frames sent.
    func stop() -> Int {
        isStopped.store(true, ordering: .relaxed)
        group.wait()
        return sent.load(ordering: .relaxed)
    }
}
