import Configuration
import Testing
import Traffic

@Suite("Durations as people write them")
struct DurationTests {
    static let pairs: [(String, Duration)] = [
        ("200ms", .milliseconds(200)), ("90s", .seconds(90)), ("10m", .seconds(600)),
        ("24h", .seconds(86400)),
        ("1h30m", .seconds(5400)), ("2d", .seconds(172_800)), ("1m500us", .microseconds(60_000_500)),
        ("0s", .zero), ("5ns", .nanoseconds(5)), ("106751d", .seconds(106_751 * 86400)),
    ]

    @Test("Reads and writes them", arguments: pairs)
    func readsAndWrites(_ text: String, _ duration: Duration) throws {
        #expect(Duration(text) == duration)
        #expect(Duration(duration.text) == duration)
    }

    @Test(
        "Writes the shortest form",
        arguments: [("90s", "1m30s"), ("1440m", "24h"), ("48h", "2d"), ("36h", "36h")])
    func writesShortest(_ text: String, _ shortest: String) throws {
        #expect(try #require(Duration(text)).text == shortest)
    }

    static let malformed = [
        "", "10", "m", "10x", "-5s", "1.5h", "10 m", "30s1m", "5m5m", "١s", "99999999999d",
        "9223372036854775807s",
    ]

    @Test("Refuses what is ambiguous or does not fit", arguments: malformed)
    func refuses(_ text: String) {
        #expect(Duration(text) == nil)
    }
}
