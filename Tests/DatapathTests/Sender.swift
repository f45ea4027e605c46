import CTestSupport
import Datapath
import Glibc
import Synchronization
import Traffic

/// Test runs from a thread of its own on one CPU.
final class Sender: @unchecked Sendable {
    private let datapath: Datapath
    private let frames: [[UInt8]]
    private let calls: Int
    private let times: Int32
    private let cpu: Int
    private let done = Atomic(false)
    private var thread: pthread_t = 0
    /// What was sent; to be read after `join`.
    private(set) var sent = Count()

    /// - Parameters:
    ///   - datapath: the program to run.
    ///   - frames: sent in turn.
    ///   - calls: test runs to be made.
    ///   - times: how often each sends its frame.
    ///   - cpu: where to run.
    init(_ datapath: Datapath, _ frames: [[UInt8]], calls: Int, times: Int32, cpu: Int) {
        self.datapath = datapath
        self.frames = frames
        self.calls = calls
        self.times = times
        self.cpu = cpu
    }

    var isDone: Bool { done.load(ordering: .acquiring) }

    func start() {
        let me = unsafe Unmanaged.passRetained(self).toOpaque()
        _ = unsafe pthread_create(
            &thread, nil,
            { raw in
                guard let raw = unsafe raw else { return nil }
                unsafe Unmanaged<Sender>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            }, me)
    }

    func join() { pthread_join(thread, nil) }

    private func run() {
        _ = test_pin_to_cpu(CInt(cpu))
        for call in 0..<calls {
            let frame = frames[call % frames.count]
            guard (try? datapath.testRun(frame, times: times)) != nil else { continue }
            sent += Count(packets: UInt64(times), bytes: UInt64(times) * UInt64(frame.count))
        }
        done.store(true, ordering: .releasing)
    }
}
