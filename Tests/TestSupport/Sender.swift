import CTestSupport
import Glibc
import Synchronization
package import Traffic

/// Sends from a thread of its own on one CPU.
package final class Sender: @unchecked Sendable {
    private let send: () -> Count
    private let cpu: Int
    private let done = Atomic(false)
    private var thread: pthread_t = 0
    /// What was sent; to be read after `join`.
    package private(set) var sent = Count()

    /// `send` returns what it has sent.
    package init(cpu: Int, _ send: @escaping () -> Count) {
        self.send = send
        self.cpu = cpu
    }

    package var isDone: Bool { done.load(ordering: .acquiring) }

    package func start() {
        let me = unsafe Unmanaged.passRetained(self).toOpaque()
        _ = unsafe pthread_create(
            &thread, nil,
            { raw in
                guard let raw = unsafe raw else { return nil }
                unsafe Unmanaged<Sender>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            }, me)
    }

    package func join() { pthread_join(thread, nil) }

    private func run() {
        _ = test_pin_to_cpu(CInt(cpu))
        sent = send()
        done.store(true, ordering: .releasing)
    }
}
