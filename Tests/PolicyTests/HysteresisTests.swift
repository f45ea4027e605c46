import Detection
import Policy
import Testing
import Traffic

@Suite("One odd second is no attack")
struct HysteresisTests {
    private static let source = "192.0.2.7"

    private func odd(in scenario: Scenario, score: Double = 3.5) throws -> Verdict {
        var verdict = try Verdict.of(Self.source, score: score, isCertain: false)
        verdict.time = scenario.now
        return verdict
    }

    @Test("A score just beyond the bar bans nobody; a second odd window, a second later, does")
    func secondWindow() throws {
        var scenario = Scenario()
        scenario.decide(try odd(in: scenario))
        #expect(scenario.installed.isEmpty && scenario.alerts.map(\.action) == [.alert])
        scenario.now = scenario.now + .milliseconds(600)
        scenario.decide(windows: [try .of(Self.source, score: 9)])
        #expect(scenario.installed.isEmpty, "the second window shares packets with the first")
        scenario.now = scenario.now + .milliseconds(400)
        scenario.decide(windows: [try .of(Self.source, score: 3)])
        #expect(try scenario.automaticRule().match == .source(try Scenario.prefix(Self.source)))
    }

    @Test("A score that stays alone is told at once and once, with the reason why nothing was done")
    func onceOnly() throws {
        var scenario = Scenario()
        scenario.decide(try odd(in: scenario))
        for _ in 0..<6 {
            scenario.now = scenario.now + .seconds(1)
            scenario.decide(windows: [try .of(Self.source, score: 2.9)])
        }
        #expect(scenario.installed.isEmpty)
        #expect(scenario.alerts.map(\.note) == ["one odd window so far"])
    }

    @Test("What is far beyond the bar, or certain without any model, is acted on at once")
    func farBeyond() throws {
        var far = Scenario()
        far.decide(try odd(in: far, score: 5))
        #expect(far.installed.count == 1)
        var certain = Scenario()
        certain.decide(try .of(Self.source, score: 0))
        #expect(certain.installed.count == 1)
    }
}
