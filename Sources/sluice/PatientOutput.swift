import Dispatch
import Foundation
import Glibc
import Synchronization

/// Standard output as a daemon needs it: written by a thread of its own, so that who has stopped to read it stops nobody.
///
/// What finds no room until he reads on is dropped and counted.
final class PatientOutput: Sendable {
    private struct State {
        var waiting: [String] = []
        var bytes = 0
        /// Lines that were dropped since the last one that was taken.
        var dropped = 0
        var isWriting = false
    }

    /// Bytes that wait at most.
    private static let most = 4 << 20

    private let descriptor: CInt
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    /// The line that tells how many were dropped.
    private let loss: @Sendable (Int) -> String

    init(_ descriptor: CInt = STDOUT_FILENO, loss: @escaping @Sendable (Int) -> String) {
        self.descriptor = descriptor
        self.loss = loss
        let thread = Thread { [self] in
            while true {
                wake.wait()
                writeWaiting()
            }
        }
        thread.start()
    }

    /// Takes whole lines to be written, or counts them as dropped; never waits.
    func write(_ text: String, lines: Int) {
        state.withLock { state in
            guard state.bytes + text.utf8.count <= Self.most else {
                state.dropped += lines
                return
            }
            if state.dropped > 0 { state.waiting.append(loss(state.dropped)) }
            state.dropped = 0
            state.waiting.append(text)
            state.bytes += text.utf8.count
        }
        wake.signal()
    }

    /// Waits until all is written, but not for ever.
    func finish(within limit: Duration = .seconds(2)) {
        let lost = state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
        if lost > 0 { write(loss(lost), lines: 1) }
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end, state.withLock({ $0.isWriting || !$0.waiting.isEmpty }) {
            usleep(1_000)
        }
    }

    private func writeWaiting() {
        while true {
            let text = state.withLock { state in
                let text = state.waiting.joined()
                (state.waiting, state.isWriting) = ([], !text.isEmpty)
                return text
            }
            if text.isEmpty { return }
            writeAll(Array(text.utf8))
            state.withLock { state in
                state.isWriting = false
                state.bytes = state.waiting.reduce(0) { $0 + $1.utf8.count }
            }
        }
    }

    /// A reader that went away (a closed pipe) is no reason to stop either.
    private func writeAll(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody who shares it wants it so.
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                unsafe Glibc.poll(&poll, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}
