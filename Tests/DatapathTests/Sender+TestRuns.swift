import Datapath
import TestSupport
import Traffic

extension Sender {
    /// Sends by test runs.
    ///
    /// - Parameters:
    ///   - datapath: the program to run.
    ///   - frames: sent in turn.
    ///   - calls: test runs to be made.
    ///   - times: how often each sends its frame.
    ///   - cpu: where to run.
    convenience init(_ datapath: Datapath, _ frames: [[UInt8]], calls: Int, times: Int32, cpu: Int) {
        self.init(cpu: cpu) {
            (0..<calls).reduce(into: Count()) { sent, call in
                let frame = frames[call % frames.count]
                guard (try? datapath.testRun(frame, times: times)) != nil else { return }
                sent += Count(packets: UInt64(times), bytes: UInt64(times) * UInt64(frame.count))
            }
        }
    }
}
