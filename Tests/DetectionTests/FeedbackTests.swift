import Features
import Testing
import Traffic

@testable import Detection

/// What an operator's word does.
@Suite struct FeedbackTests {
    private let now = Timestamp(seconds: 1_700_000_000)

    @Test("what an operator calls a false alarm is the entity's usual from then on, within bounds")
    func usual() {
        var usual = Usual()
        usual.settle(on: 0.75)
        #expect(abs(usual.score - 0.75) < 1e-9)
        usual.settle(on: 5)
        #expect(usual.score == 1)
    }

    @Test("false alarms raise the bars, and those that were right do not")
    func budget() throws {
        let model = try ShippedModel.embedded().source.tail
        func threshold(forgiving: Bool) -> Double {
            var budget = AlarmBudget(acceptedPerDay: 24)
            for minute in 0..<4 {
                budget.count(alarms: 1, at: now + .seconds(60 * minute))
                if forgiving { budget.forgive() }
            }
            return budget.threshold(of: model, windowsPerHour: 1_000)
        }
        #expect(threshold(forgiving: false) > threshold(forgiving: true))
    }

    @Test("an entity is found again by what its windows say of it")
    func slots() throws {
        var builder = WindowBuilder()
        var windows: [Window] = []
        var traffic = ScriptedTraffic()
        Customer.requests(perSecond: 20).write(&traffic, 2)
        for reading in traffic.readings(until: 2) {
            let batches = builder.observe(reading)
            windows += batches.source.windows + batches.destination.windows
        }
        #expect(!windows.isEmpty)
        for window in windows { #expect(builder.slot(of: window.entity) == window.slot) }
        let stranger = Entity(view: .source, prefix: Prefix(Address(ipv4: 1)))
        #expect(builder.slot(of: stranger) == nil)
    }
}
