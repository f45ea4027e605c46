import Testing
import Traffic

@Suite("Points in time")
struct TimestampTests {
    @Test("seconds are kept to the nanosecond", arguments: [0, 1, 1.5, -0.25, 1_500_000_000.125])
    func seconds(value: Double) {
        #expect(Timestamp(seconds: value).seconds == value)
        #expect(Timestamp(seconds: value).nanoseconds == Int64(value * 1e9))
    }

    @Test(
        "a time and the span to it make up another time", arguments: [1, -1, 86_400_000_000_000] as [Int64])
    func arithmetic(nanoseconds: Int64) {
        let (start, span) = (Timestamp(nanoseconds: 1_000), Duration.nanoseconds(nanoseconds))
        #expect((start + span) - start == span)
        #expect((start + span) - span == start)
        #expect((start < start + span) == (nanoseconds > 0))
    }

    @Test("arithmetic ends at the first and the last time instead of going on beyond")
    func ends() {
        let (first, last) = (Timestamp(nanoseconds: .min), Timestamp(nanoseconds: .max))
        #expect(last + .seconds(1) == last)
        #expect(last - .seconds(-1) == last)
        #expect(first - .seconds(1) == first)
        #expect(first + .seconds(-1) == first)
        #expect((last - first).nanoseconds == .max)
        #expect((first - last).nanoseconds == .min)
    }

    @Test("a span too long for 64 bits of nanoseconds is cut to the longest")
    func longSpans() {
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(-Int64.max).nanoseconds == .min)
        #expect(Duration.milliseconds(1500).seconds == 1.5)
    }
}
