import Foundation
import Store
import Testing
import Traffic

@testable import Agent

@Suite("A clock that is set under the agent")
struct ClockTests {
    private static let start = Timestamp(seconds: 1_700_000_000)

    /// Seconds after `start`, by a clock that was set by `step` seconds since.
    private static func moment(after uptime: Double, set step: Double = 0, boot: String = "this") -> Moment {
        Moment(boot: boot, uptime: .seconds(uptime + 1000), time: start + .seconds(uptime + step))
    }

    /// What is noticed when this is looked at, one after the other.
    private static func steps(to moments: [Moment], from first: Moment = moment(after: 0)) -> [Duration?] {
        var watch = ClockWatch(last: first)
        return moments.map { watch.step(to: $0) }
    }

    @Test("A step is noticed once, from the first look on, and none while the clock only goes")
    func once() {
        let moments = [
            Self.moment(after: 2), Self.moment(after: 3, set: 3600), Self.moment(after: 4, set: 3600),
            Self.moment(after: 5),
        ]
        #expect(Self.steps(to: moments) == [nil, .seconds(3600), nil, .seconds(-3600)])
        var watch = ClockWatch(last: Self.moment(after: 0))
        for moment in moments { _ = watch.step(to: moment) }
        #expect(watch.last == moments.last)
    }

    @Test("Steps of different directions between two looks are one: their sum")
    func sum() {
        #expect(Self.steps(to: [Self.moment(after: 5, set: 3600 - 7200)]) == [.seconds(-3600)])
    }

    @Test("A machine that slept for a day has not had its clock set, but by what is off when it wakes")
    func asleep() {
        let day = 86_400.0
        #expect(Self.steps(to: [Self.moment(after: day)]) == [nil])
        #expect(Self.steps(to: [Self.moment(after: day, set: -40)]) == [.seconds(-40)])
    }

    @Test("What a time server slews is no step, however long it takes")
    func slewed() {
        // Half a millisecond a second, which is as fast as it goes, for an hour.
        let moments = (1...3600).map { Self.moment(after: Double($0), set: Double($0) * 0.0005) }
        #expect(Self.steps(to: moments).allSatisfy { $0 == nil })
    }

    @Test(
        "By what the store remembers of the last agent, its clock was ahead or behind; not of an earlier start of the machine",
        arguments: [
            (-7200, "this", Duration?.some(.seconds(-7200))), (7200, "this", .some(.seconds(7200))),
            (7200, "earlier", nil), (0, "this", nil),
        ])
    func restored(step: Int, boot: String, expected: Duration?) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try Store(path: folder.appending(path: "sluice.db").path)
        try store.save(Self.moment(after: 0, boot: boot))
        let last = try #require(try store.lastMoment())
        let next = Self.moment(after: 60, set: Double(step))
        #expect(Self.steps(to: [next, next], from: last) == [expected, nil])
    }

    @Test("What is collected is written down each hour, and an hour after the clock was set back by ten")
    func recordings() {
        let hour = Duration.seconds(3600)
        let back = Self.start - hour * 10
        var learner = Learner(recordingSaved: Self.start)
        let times = [Self.start, back].flatMap { [$0, $0 + .seconds(3599), $0 + hour] }
        #expect(times.map { learner.isRecordingDue(at: $0) } == [false, false, true, false, false, true])
        #expect(learner.recordingStarted == back)
    }
}
