import BPF
import Datapath
import Glibc
import TestSupport
import Testing
import Traffic

/// The data plane loaded from the test object, whose clock the test sets; on no interface.
final class TestPlane {
    let datapath: Datapath
    private let clock: MappedMemory
    private let program: BPFProgram
    private let chainedState: MappedMemory
    /// The table of rules on sources, as whoever may open the map sees it.
    let sourceRules: MappedMemory
    let sourceRest: MappedMemory
    let flows: MappedMemory
    /// Somebody else's program, for the slot behind ours.
    let chained: BPFProgram

    /// The clock starts at this moment, as rules' expiries are given in real time; the first reading at `start`.
    init(_ options: DatapathOptions = DatapathOptions(), from start: Timestamp = .now) throws {
        // The bytes have to stay only while the object is being loaded.
        (datapath, clock, program, chained, chainedState, sourceRules, sourceRest, flows) =
            try unsafe Self.objectFile()
            .withUnsafeBytes {
                bytes in
                let object = try unsafe BPFObject(name: "sluice_test", bytes: bytes)
                let datapath = try Datapath(loading: object, options: options, now: start)
                let clock = try object.map(named: "test_clock").mapMemory()
                return (
                    datapath, clock, try object.program(named: "sluice_ingress"),
                    try object.program(named: "chained"), try object.map(named: "test_chained").mapMemory(),
                    try object.map(named: "source_rules").mapMemory(),
                    try object.map(named: "source_rest").mapMemory(),
                    try object.map(named: "flows").mapMemory()
                )
            }
        now = Machine.monotonicNanoseconds()
    }

    /// The object that the build has made beside the shipped one.
    static let objectPath =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/bpf/build/sluice_test.bpf.o"

    private static func objectFile() throws -> [UInt8] {
        let descriptor = unsafe open(objectPath, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "the build makes bpf/build/sluice_test.bpf.o")
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Time as the program sees it, in nanoseconds.
    var now: UInt64 {
        get { unsafe clock.base.load(as: UInt64.self) }
        set { unsafe clock.base.storeBytes(of: newValue, as: UInt64.self) }
    }

    /// What the chained program returns.
    var chainedVerdict: UInt64 {
        get { unsafe chainedState.base.load(as: UInt64.self) }
        set { unsafe chainedState.base.storeBytes(of: newValue, as: UInt64.self) }
    }

    /// How often the chained program has run.
    var chainedRuns: UInt64 { unsafe chainedState.base.load(fromByteOffset: 8, as: UInt64.self) }

    func advance(by duration: Duration) { now += UInt64(duration.nanoseconds) }

    /// Whether the program lets the frame pass.
    func passes(_ frame: [UInt8]) throws -> Bool {
        let action = try datapath.testRun(frame).action
        #expect(action == Self.drop || action == Self.pass, "XDP action \(action)")
        return action == Self.pass
    }

    func passes(_ frame: Frame) throws -> Bool { try passes(frame.bytes) }

    /// What becomes of a frame.
    enum Fate: Hashable {
        case passes, dropped
        /// Sent back, as this.
        case answered([UInt8])

        var answer: [UInt8]? { if case .answered(let frame) = self { frame } else { nil } }
    }

    func fate(of frame: Frame) throws -> Fate { try fate(of: frame.bytes) }

    func fate(of frame: [UInt8]) throws -> Fate {
        let result = try datapath.testRun(frame)
        #expect(result.action == Self.transmit || result.packet == frame, "only answers change frames")
        switch result.action {
        case Self.drop: return .dropped
        case Self.pass: return .passes
        case Self.transmit: return .answered(result.packet)
        default:
            Issue.record("XDP action \(result.action)")
            return .dropped
        }
    }

    /// Sends each frame once, in this order, on one CPU: others have sets of their own.
    func send(_ frames: [Frame]) {
        let sender = Sender(datapath, frames.map(\.bytes), calls: frames.count, times: 1, cpu: 0)
        sender.start()
        sender.join()
        #expect(sender.sent.packets == UInt64(frames.count))
    }

    /// Puts the program on an interface, for as long as the link is kept.
    func attach(to interface: Interface) throws -> XDPLink {
        try XDPLink(program, interface: interface.index, mode: .native)
    }

    func read() -> Reading { datapath.read(at: .now) }

    private static let drop: UInt32 = 1
    private static let pass: UInt32 = 2
    private static let transmit: UInt32 = 3
}
