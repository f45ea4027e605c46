import BPF
import Datapath
import Glibc
import TestSupport
import Testing
import Traffic

/// How frames reach the program: what holds for one must hold for all.
enum Medium: String, CaseIterable, CustomTestStringConvertible {
    case testRuns = "by test runs"
    case native = "on a wire, in native mode"
    case generic = "on a wire, in generic mode"

    var testDescription: String { rawValue }

    /// Loads the data plane, attached where there is a wire, with an agent that lives for ever.
    func run(_ options: DatapathOptions = DatapathOptions(), _ body: (Track) throws -> Void) throws {
        guard self != .testRuns else {
            let plane = try TestPlane(options)
            plane.datapath.beat(deadAfter: nil)
            return try body(
                Track(plane.datapath, onCPU: Sender.testRuns(of: plane.datapath)) { frames in
                    (frames.count, try frames.count { try plane.passes($0) })
                })
        }
        try Namespace().run {
            let wire = try Wire(queues: 2, mtu: 9000)
            var options = options
            options.attach = self == .native ? .native : .generic
            let datapath = try Datapath.attach(
                to: ["near"], bpffs: "/sys/fs/bpf", options: options, now: .now)
            datapath.beat(deadAfter: nil)
            #expect(datapath.attachments.map(\.mode) == [self == .native ? .native : .generic])
            let far = try RawSocket(on: Interface(named: "far"))
            let near = try RawSocket(on: wire.near, receiving: true)
            let track = Track(datapath, onCPU: Sender.wire(far)) { frames in
                _ = near.received()
                let sent = frames.count { far.send($0) }
                Kernel.LiveTests.settle()
                return (sent, near.received().count)
            }
            try body(track)
            try datapath.detach()
            try wire.remove()
        }
    }
}

/// The data plane, and a way to send frames through it.
struct Track {
    let datapath: Datapath
    private let pass: ([[UInt8]]) throws -> (sent: Int, passed: Int)
    private let sender: ([UInt8], _ count: Int, _ cpu: Int) -> Sender

    init(
        _ datapath: Datapath, onCPU sender: @escaping ([UInt8], Int, Int) -> Sender,
        pass: @escaping ([[UInt8]]) throws -> (sent: Int, passed: Int)
    ) {
        self.datapath = datapath
        self.pass = pass
        self.sender = sender
    }

    /// Sends frames, and says how many of them the medium took, and how many passed.
    func send(_ frames: [Frame]) throws -> (sent: Int, passed: Int) {
        // Fewer than a receiver has room for.
        var (start, sent, passed) = (0, 0, 0)
        while start < frames.count {
            let end = min(start + 500, frames.count)
            let part = try pass(frames[start..<end].map(\.bytes))
            (start, sent, passed) = (end, sent + part.sent, passed + part.passed)
        }
        return (sent, passed)
    }

    /// Expects all of these to pass, or none.
    func expect(_ frames: [Frame], pass: Bool, _ comment: Comment? = nil) throws {
        let (sent, passed) = try send(frames)
        #expect(sent > 0 && passed == (pass ? sent : 0), comment)
    }

    /// Sends one frame again and again, from two CPUs at once.
    ///
    /// - Returns: how often.
    func sendFromAllCPUs(_ frame: Frame, count: Int) -> UInt64 {
        let senders = (0..<2).map { sender(frame.bytes, count, $0) }
        for sender in senders { sender.start() }
        for sender in senders { sender.join() }
        Kernel.LiveTests.settle()
        return senders.reduce(0) { $0 + $1.sent.packets }
    }
}

extension Sender {
    fileprivate static func testRuns(of datapath: Datapath) -> ([UInt8], Int, Int) -> Sender {
        { frame, count, cpu in Sender(datapath, [frame], calls: 1, times: Int32(count), cpu: cpu) }
    }

    fileprivate static func wire(_ socket: RawSocket) -> ([UInt8], Int, Int) -> Sender {
        { frame, count, cpu in
            Sender(cpu: cpu) {
                let sent = UInt64(
                    (0..<count).count { number in
                        // A wire holds 256 frames, should the receiver not get its turn.
                        if number % 50 == 49 { usleep(100) }
                        return socket.send(frame)
                    })
                return Count(packets: sent, bytes: sent * UInt64(frame.count))
            }
        }
    }
}
