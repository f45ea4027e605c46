import BPF
import Datapath
import Glibc
import TestSupport
import Testing
import Traffic

extension Kernel {
    /// The shipped program, not the test's: by its own clock.
    @Suite("The program's clock")
    struct ClockTests {
        /// A tick takes at most 10 ms, and times of flows are cut to 1.05 ms.
        private static let step = Duration.milliseconds(12)
        private static let frame = Frame(
            from: FrameShape.source(isIPv4: true), to: FrameShape.destination(isIPv4: true))

        private let plane: Datapath

        init() throws { plane = try Datapath(loading: .shipped(), options: DatapathOptions(), now: .now) }

        @Test("flow times are those of the wall clock to a tick, on each CPU and in each generation")
        func flowTimes() throws {
            for cpu in 0..<(try Machine.possibleCPUs()) {
                for _ in 0..<3 {
                    let (first, last) = (span(of: send(on: cpu)), span(of: send(on: cpu)))
                    let sample = try #require(plane.read(at: .now).samples.first)
                    #expect(sample.packets == 2)
                    #expect(first.contains(sample.first), "\(first), \(sample)")
                    #expect(last.contains(sample.last), "\(last), \(sample)")
                }
            }
        }

        @Test("a rule ends when the monotonic clock says so, also where nothing was sent for a while")
        func expiry() throws {
            let end = Timestamp.now + .seconds(1)
            let source = Prefix(Self.frame.source)
            try plane.install([
                Rule(id: 1, match: .source(source), action: .deny, origin: .manual, expires: end)
            ])
            let dropped = try plane.testRun(Self.frame.bytes).action
            // On a machine that is too busy to have come here in time it says nothing.
            #expect(dropped == 1 || .now >= end)
            while .now < end + Self.step { usleep(10_000) }
            #expect(try plane.testRun(Self.frame.bytes).action == 2)
        }

        /// Sends a frame, and waits for some ticks.
        private func send(on cpu: Int) -> (before: Timestamp, after: Timestamp) {
            let before = Timestamp.now
            let sender = Sender(plane, [Self.frame.bytes], calls: 1, times: 1, cpu: cpu)
            sender.start()
            sender.join()
            let after = Timestamp.now
            usleep(50_000)
            return (before, after)
        }

        /// When a frame may have been seen, as far as the program tells time.
        private func span(of sending: (before: Timestamp, after: Timestamp)) -> ClosedRange<Timestamp> {
            sending.before - Self.step...sending.after
        }
    }
}
