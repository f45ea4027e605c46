import Policy
import Testing
import Traffic

@Suite("Whether to change the mode")
struct AdviceTests {
    private static let now = Timestamp(seconds: 1_700_000_000)

    private func record(_ mode: Mode, hours: Double) -> TrackRecord {
        var record = TrackRecord()
        record.watched = [mode: hours * 3600]
        return record
    }

    private func advice(
        _ mode: Mode, _ record: TrackRecord, learned: Double = 1, realised: Double? = 0.5,
        wrongPerDayAtLeast: Double = 0, trips: Int = 0
    ) -> Advice {
        Advice(
            on: record,
            in: Advice.Circumstances(
                now: Self.now, mode: mode, learned: learned, accepted: 1, realised: realised,
                wrongPerDayAtLeast: wrongPerDayAtLeast, trips: trips))
    }

    @Test("After a day without doubt: one mode further, and nothing is beyond enforce")
    func advances() {
        for (mode, next) in [(Mode.learn, Mode.shadow), (.shadow, .limit), (.limit, .enforce)] {
            let advice = advice(mode, record(mode, hours: 24))
            #expect(advice.move == .advance && advice.mode == next)
        }
        let last = advice(.enforce, record(.enforce, hours: 100))
        #expect(last.move == .stay && last.mode == nil)
    }

    @Test(
        "Each doubt is enough to stay, and is named",
        arguments: [
            (.shadow, 23, 1, 0.5, 0, "less than a day in this mode"),
            (.shadow, 26, 0.4, 0.5, 0, "40 % of what is usual here has been learned"),
            (.limit, 26, 1, 1.5, 0, "1.5 alarms a day without evidence, 1 accepted"),
            (.limit, 26, 1, 0.5, 1, "a circuit breaker tripped once"),
            (.learn, 26, 0.999, nil, 0, "99 % of what is usual here has been learned"),
        ] as [(Mode, Double, Double, Double?, Int, String)])
    func stays(mode: Mode, hours: Double, learned: Double, realised: Double?, trips: Int, reason: String) {
        let advice = advice(
            mode, record(mode, hours: hours), learned: learned, realised: realised, trips: trips)
        #expect(advice.move == .stay && advice.mode == nil)
        #expect(advice.reasons.contains { $0.hasPrefix(reason) }, "\(advice.reasons)")
    }

    @Test(
        "A rule marked false holds it back for a day, and an unjudged one on a known source until it is judged"
    )
    func feedback() {
        var record = record(.shadow, hours: 26)
        (record.bans, record.judged, record.wrong) = (3, 1, 1)
        record.lastWrong = Self.now - .seconds(3600)
        let early = advice(.shadow, record)
        #expect(early.move == .stay)
        #expect(early.reasons.first == "shadow for 26 h, 3 would-be rules, 1 judged, 1 marked false")
        record.lastWrong = Self.now - .seconds(90_000)
        #expect(advice(.shadow, record).move == .advance)
        (record.onKnown, record.unjudgedOnKnown) = (2, 1)
        #expect(
            advice(.shadow, record).reasons.last?.hasPrefix("1 rule on well-known sources not judged") == true
        )
    }

    @Test("More false rules than accepted, and not by chance: back to shadow; by chance: not")
    func retreats() {
        var record = record(.enforce, hours: 26)
        (record.bans, record.judged, record.wrong) = (9, 9, 9)
        let back = advice(.enforce, record, wrongPerDayAtLeast: 3.8)
        #expect(back.move == .retreat && back.mode == .shadow)
        #expect(advice(.enforce, record, wrongPerDayAtLeast: 0.9).move == .stay)
        #expect(advice(.shadow, record, wrongPerDayAtLeast: 3.8).move != .retreat)
    }
}
