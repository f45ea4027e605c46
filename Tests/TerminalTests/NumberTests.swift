import Terminal
import Testing

@Suite("Numbers as people read them")
struct NumberTests {
    @Test(
        "Counts get commas",
        arguments: [
            (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
            (Int.min, "-9,223,372,036,854,775,808"),
        ])
    func groups(_ value: Int, _ text: String) { #expect(value.grouped == text) }

    @Test(
        "Durations have two units at most",
        arguments: [
            (0, "0.0s"), (0.21, "0.2s"), (9.96, "10.0s"), (12.4, "12s"), (580, "9m 40s"), (600, "10m"),
            (3601, "1h"),
            (90_000, "1d 1h"), (-3, "0.0s"), (.nan, "-"), (.infinity, "-"),
        ] as [(Double, String)])
    func tellsDuration(_ value: Double, _ text: String) { #expect(value.duration == text) }

    @Test(
        "Bytes have decimal units",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (999_600, "1.0 MB"), (34_000_000, "34.0 MB"),
            (123_456_789, "123 MB"), (-1, "-"),
        ] as [(Double, String)])
    func tellsBytes(_ value: Double, _ text: String) { #expect(value.bytes == text) }

    @Test(
        "Shares are told in per cent, and what is not all is not told as all",
        arguments: [
            (0, "0 %"), (0.625, "62.5 %"), (0.99996, "99.99 %"), (1, "100 %"), (.nan, "-"),
        ] as [(Double, String)])
    func tellsPercent(_ value: Double, _ text: String) { #expect(value.percent == text) }

    @Test(
        "Scores have about three digits",
        arguments: [
            (0, "0"), (2, "2"), (3.14159, "3.14"), (31.4159, "31.4"), (1234.5, "1,235"), (0.00423, "0.0042"),
            (0.01, "0.01"), (0.00001, "0.00"),
            (-0.5, "-0.50"), (1e300, "-"),
        ] as [(Double, String)])
    func tellsScore(_ value: Double, _ text: String) { #expect(value.short == text) }

    @Test("Words follow their count")
    func counts() {
        #expect(counted(1, "ban") == "1 ban")
        #expect(counted(1200, "ban") == "1,200 bans")
        #expect(counted(0, "entry", "entries") == "0 entries")
    }
}

@Suite("Sparklines")
struct SparklineTests {
    @Test(
        "Each value gets a bar from nothing to the greatest",
        arguments: [
            ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([0, 0], "▁▁"), ([], ""), ([5], "█"),
            ([.nan, -1, 1], "▁▁█"),
        ] as [([Double], String)])
    func draws(_ values: [Double], _ line: String) { #expect(Sparkline.text(values, width: 60) == line) }

    @Test("More values than there is room for keep their peaks")
    func merges() {
        var values = [Double](repeating: 0, count: 60)
        values[31] = 9
        #expect(Sparkline.text(values, width: 6) == "▁▁▁█▁▁")
    }
}
