import API
import Testing
import Traffic

@Suite("Times as RFC 3339 writes them")
struct TimeTests {
    static let pairs: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
        (1_700_000_000_250_000_000, "2023-11-14T22:13:20.250Z"),
        (951_782_400_000_001_000, "2000-02-29T00:00:00.000001Z"),
        (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ]

    @Test("Writes and reads them", arguments: pairs)
    func roundTrips(_ nanoseconds: Int64, _ text: String) {
        let time = Timestamp(nanoseconds: nanoseconds)
        #expect(time.rfc3339 == text)
        #expect(Timestamp(rfc3339: text) == time)
    }

    @Test("Every time is read as it was written", arguments: [UInt64.random(in: 0...UInt64.max)])
    func roundTripsAny(seed: UInt64) {
        var state = seed
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let time = Timestamp(nanoseconds: Int64(bitPattern: state) / 2)
            #expect(Timestamp(rfc3339: time.rfc3339) == time, "seed \(seed)")
        }
    }

    @Test(
        "Offsets and fractions of any length are understood",
        arguments: [
            ("2023-11-14T23:13:20+01:00", "2023-11-14T22:13:20.000Z"),
            ("2023-11-14t17:43:20.5-04:30", "2023-11-14T22:13:20.500Z"),
            ("2023-11-14 22:13:20.1234567899999z", "2023-11-14T22:13:20.123456789Z"),
        ])
    func understands(_ text: String, _ same: String) {
        #expect(Timestamp(rfc3339: text)?.rfc3339 == same)
    }

    static let malformed = [
        "", "now", "2023-11-14", "2023-11-14T22:13:20", "2023-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
        "2023-00-10T00:00:00Z", "2023-01-00T00:00:00Z", "2023-11-14T24:00:00Z", "2023-11-14T22:60:00Z",
        "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Z ", "2023-11-14T22:13:20+25:00", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z", "２023-11-14T22:13:20Z",
    ]

    @Test("What is no time is refused", arguments: malformed)
    func refuses(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }
}
