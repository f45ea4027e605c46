import Models
import Testing
import Traffic

@testable import Detection
@testable import Features

/// A clock that is set back by a day: nothing waits until it has caught up.
@Suite struct ClockTests {
    private let before = Timestamp(seconds: 1_700_086_400)
    private let after = Timestamp(seconds: 1_700_000_000)

    private func window(_ slot: Int = 0) -> Window {
        Window(
            entity: Entity(view: .source, prefix: Prefix(Address(ipv4: UInt32(slot)))), slot: slot, serial: 1,
            packets: 2, bytes: 2, evidence: Evidence())
    }

    @Test("so much has passed after it, and when time went back; not before")
    func passed() {
        #expect(before.hasPassed(.seconds(60), since: before - .seconds(60)))
        #expect(!before.hasPassed(.seconds(60), since: before - .seconds(59)))
        #expect(!before.hasPassed(.seconds(60), since: before))
        #expect(after.hasPassed(.seconds(60), since: before))
    }

    @Test("windows are taken to learn from, and those from before are old enough")
    func rows() {
        var sampler = RowSampler(limit: 500)
        func take(at now: Timestamp) -> Bool {
            guard sampler.isDue(window(), now: now) else { return false }
            sampler.take([Float](repeating: 1, count: FeatureSchema.count)[...], of: window(), now: now)
            return true
        }
        #expect(take(at: before) && take(at: after) && !take(at: after + .milliseconds(200)))
        let old = sampler.rows(olderThan: .seconds(60), at: after + .seconds(1))
        #expect(old.count == FeatureSchema.count)
        // Nor is an entity barred until then.
        sampler = RowSampler(limit: 500)
        sampler.bar(window(), now: before)
        #expect(take(at: before + .seconds(1)) && sampler.rows.isEmpty)
        #expect(take(at: after) && !sampler.rows.isEmpty)
    }

    @Test("a threshold that alarms have raised sinks after an hour without")
    func budget() throws {
        let tail = try ShippedModel.embedded().source.tail
        var budget = AlarmBudget(acceptedPerDay: 24)
        func threshold() -> Double { budget.threshold(of: tail, windowsPerHour: 1_000) }
        let usual = threshold()
        for minute in 0..<4 { budget.count(alarms: 1, at: before + .seconds(60 * minute)) }
        let raised = threshold()
        #expect(raised > usual)
        budget.count(alarms: 0, at: after)
        #expect(threshold() == raised)
        budget.count(alarms: 0, at: after + .seconds(3_600))
        #expect(threshold() < raised)
    }

    @Test("bounds of findings rise with alerts that come then")
    func findings() {
        var budget = FindingBudget()
        budget.count(.flows, at: before)
        budget.count(.flows, at: after)
        #expect(budget.factor(of: .flows) == 2)
    }

    @Test("an alert is told again")
    func news() {
        var news = News()
        func isNews(at time: Timestamp) -> Bool {
            news.isNews(.alert, "scan", isCertain: false, of: nil, at: time, interval: .seconds(60))
        }
        #expect(isNews(at: before) && !isNews(at: before + .seconds(1)))
        #expect(isNews(at: after) && !isNews(at: after + .seconds(1)))
    }

    @Test("scores that have risen are a shift, since a moment that is not to come")
    func scores() throws {
        var (shift, random) = (ScoreShift(), SeededGenerator(seed: 3))
        func pass(_ minutes: Int, from start: Timestamp, rise: Double) {
            for second in 0..<60 * minutes {
                shift.add(Double.random(in: 0..<1, using: &random) + rise)
                shift.pass(start + .seconds(second))
            }
        }
        pass(60, from: before, rise: 0)
        pass(20, from: before + .seconds(3_600), rise: 0.3)
        pass(60, from: after, rise: 0.3)
        #expect(shift.excess >= 1)
        #expect(try #require(shift.since) < after + .seconds(120))
    }
}
