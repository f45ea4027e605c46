import CTestSupport
import Glibc
import Synchronization
import TestSupport
import Testing
import Traffic

/// Raw frames in and out of an interface in a namespace with a name.
final class PacketSocket: Sendable {
    private let descriptor: CInt

    init(on interface: String, in namespace: String, receiving: Bool = false) throws {
        let (here, there) = (
            test_current_namespace(), unsafe open("/run/netns/\(namespace)", O_RDONLY | O_CLOEXEC)
        )
        defer {
            close(here)
            close(there)
        }
        try #require(test_enter_namespace(there) == 0)
        let index = unsafe if_nametoindex(interface)
        descriptor = index == 0 ? -1 : test_packet_socket(index, receiving ? 1 : 0)
        precondition(test_enter_namespace(here) == 0, "cannot go back to the first namespace")
        try #require(descriptor >= 0, "no packet socket on \(interface)")
    }

    deinit { close(descriptor) }

    /// Sends one frame; `false` if the interface did not take it.
    @discardableResult
    func send(_ frame: [UInt8]) -> Bool {
        unsafe Glibc.send(descriptor, frame, frame.count, 0) == frame.count
    }

    /// How many frames from `sources` came in since the last call.
    func arrivals(from sources: Set<Address>) -> Int {
        var found = 0
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe test_receive(descriptor, &buffer, buffer.count)
            guard count >= 0 else { return found }
            if case .flow(let key) = Expected(Array(buffer[..<count])), sources.contains(key.source) {
                found += 1
            }
        }
    }
}
