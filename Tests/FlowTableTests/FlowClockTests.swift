import FlowTable
import TestSupport
import Testing
import Traffic

@Suite("Times of flows")
struct FlowClockTests {
    private static let unit: Int64 = 1 << 20

    /// The time of a packet that was counted at `counted`, read at `read` on the data plane's clock, when it was `now`.
    private static func time(counted: UInt64, read: UInt64, now: Int64) -> Int64? {
        let twin = Twin(sets: 1)
        twin.count(FrameShape.all[0].example, at: counted)
        let clock = FlowClock(now: Timestamp(nanoseconds: now), counter: read)
        return twin.table().drain(clock: clock).first?.first.nanoseconds
    }

    @Test(
        "a packet's age is kept to 1.05 ms, wherever the two clocks stand",
        arguments: [0, 1, 999_999, 5_000_000, 3_600_000_000_000] as [UInt64],
        [0, 1 << 52 - 1, 1 << 52, 1 << 60 + 12345] as [UInt64])
    func age(age: UInt64, counted: UInt64) throws {
        let now: Int64 = 1_700_000_000_000_000_000
        let time = try #require(Self.time(counted: counted, read: counted + age, now: now))
        let error = time - (now - Int64(age))
        #expect(abs(error) <= Self.unit, "off by \(error) ns")
    }

    @Test("a packet stamped a tick ahead of the reader is taken as just now")
    func ahead() throws {
        let now: Int64 = 1_700_000_000_000_000_000
        let time = try #require(Self.time(counted: 9 << 20, read: 5 << 20, now: now))
        #expect(time == now)
    }
}
