import Synchronization
import TestSupport
import Traffic

/// Frames sent at a steady pace until it is stopped.
final class Attack: Sendable {
    private let count = Atomic(0)
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Parameters:
    ///   - frames: sent in turn, again and again.
    ///   - socket: where they are sent.
    ///   - packetsPerSecond: of all frames together.
    init(_ frames: [[UInt8]], from socket: PacketSocket, packetsPerSecond: Int) {
        let sending = Task.detached { [self] in
            let start = ContinuousClock.now
            // Bounded, should nobody stop it: a minute's worth.
            while !Task.isCancelled, sent < packetsPerSecond * 60 {
                let due = Int((ContinuousClock.now - start).seconds * Double(packetsPerSecond))
                // What the interface does not take is tried again at the next beat.
                while sent < due, socket.send(frames[sent % frames.count]) {
                    count.add(1, ordering: .relaxed)
                }
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
        task.withLock { $0 = sending }
    }

    /// Frames that the interface took until now.
    var sent: Int { count.load(ordering: .relaxed) }

    /// Stops it; nothing is sent any more when this returns.
    func stop() async {
        cancel()
        await task.withLock { $0 }?.value
    }

    /// Stops it in a moment.
    func cancel() { task.withLock { $0 }?.cancel() }
}

extension Frame {
    /// As on a real wire: with the checksum without which nobody forwards IPv4.
    var wire: [UInt8] {
        var frame = bytes
        guard source.isIPv4, tags.isEmpty else { return frame }
        var sum: UInt32 = 0
        for offset in stride(from: 14, to: 34, by: 2) {
            sum += UInt32(frame[offset]) << 8 | UInt32(frame[offset + 1])
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        (frame[24], frame[25]) = (UInt8(~sum >> 8 & 0xFF), UInt8(~sum & 0xFF))
        return frame
    }

    /// Datagrams to one service, which never answers.
    static func flood(from source: Address, to destination: Address) -> [[UInt8]] {
        [Frame(from: source, to: destination).with { ($0.destinationPort, $0.payload) = (4444, 20) }.wire]
    }

    /// SYNs to a thousand ports, each of them once.
    static func scan(from source: Address, to destination: Address) -> [[UInt8]] {
        (1...1000).map { port in
            Frame(from: source, to: destination).with {
                ($0.protocol, $0.tcpFlags, $0.payload) = (6, 0x02, 0)
                $0.destinationPort = UInt16(port)
            }.wire
        }
    }
}
