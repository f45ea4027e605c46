import Features
import Foundation
import Models
import Testing
import Traffic

@testable import Detection

/// Policy groups, to detection: each has a number of accepted false alarms, and a threshold that follows from it.
@Suite struct GroupThresholdTests {
    private static let shop = Grouping([TrafficGroup(name: "shop", protects: [Prefix(host("10.0.0.80"))])])

    private func readings() -> [Reading] {
        var traffic = ScriptedTraffic()
        Customer.requests(perSecond: 20).write(&traffic, 30)
        Customer.browser.write(&traffic, 30)
        return traffic.readings(until: 30)
    }

    private func model() throws -> SiteModel {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .seconds(30)
        let detector = Detector(configuration: configuration, shippedModel: try .embedded())
        for reading in readings() { _ = detector.observe(reading) }
        var set = try #require(detector.trainingSet())
        set.learned = .seconds(1800)
        let model = try Trainer.train(set, seed: 1, steps: 10)
        return SiteModel(
            name: "test", learned: set.learned, windowsPerHour: 3600, source: Self.plain(model.source),
            destination: Self.plain(model.destination))
    }

    /// With opinions that are what they say they are: beyond a score of s is one window in 10^s.
    private static func plain(_ view: SiteModel.View) -> SiteModel.View {
        let opinions = (1...5000).map { -log10(Double($0) / 5001) }
        return SiteModel.View(
            scaler: view.scaler, model: view.model, tail: view.tail,
            opinion: PeaksOverThreshold(fitting: opinions), importance: view.importance,
            spectrum: view.spectrum, reference: view.reference)
    }

    private func thresholds(_ detector: Detector) -> [Entity: Double] {
        var found: [Entity: Double] = [:]
        for reading in readings().prefix(20) {
            for window in detector.observe(reading).windows { found[window.entity] = window.threshold }
        }
        return found
    }

    @Test(
        "who accepts fewer false alarms in a group gets a higher bar there, and nowhere else; a reload ends it"
    )
    func thresholdsByGroup() throws {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .zero
        configuration.accepted = AcceptedAlarms(perDay: 1000, inGroups: ["shop": 0.01])
        configuration.grouping = Self.shop
        let detector = Detector(
            configuration: configuration, shippedModel: try .embedded(), siteModel: try model())
        #expect(detector.alarmRates.map(\.group) == [nil, "shop"])
        #expect(detector.alarmRates.map(\.accepted) == [1000, 0.01])
        let grouped = thresholds(detector)
        let server = Entity(view: .destination, prefix: Prefix(host("10.0.0.80")))
        let others = grouped.filter { $0.key.view == .destination && $0.key != server }.values
        #expect(!others.isEmpty && others.allSatisfy { $0 == others.first })
        #expect(try #require(grouped[server]) > #require(others.first))

        detector.regroup(AcceptedAlarms(perDay: 1000), Grouping())
        let rest = thresholds(detector)
        #expect(rest[server] == rest.first { $0.key.view == .destination && $0.key != server }?.value)
    }

    @Test("alarms count against the group they are in")
    func budgets() throws {
        let now = Timestamp(seconds: 1_700_000_000)
        var budgets = AlarmBudgets(AcceptedAlarms(perDay: 0.1), grouping: Self.shop)
        let model = try model()
        func bar(_ place: Int, _ budgets: AlarmBudgets) -> Double {
            budgets.bars(.source, judges: [0, 0], models: [model])[place].least
        }
        let before = (bar(0, budgets), bar(1, budgets))
        for minute in 0..<4 {
            budgets.count(windows: [1, 1], alarms: [0, 1], at: now + .seconds(60 * minute))
        }
        #expect(bar(0, budgets) == before.0)
        #expect(bar(1, budgets) > before.1)
        // Renamed, it is another group; what it accepts is another budget; else it goes on.
        var other = budgets
        budgets.regroup(AcceptedAlarms(perDay: 0.1), Self.shop)
        #expect(bar(1, budgets) > before.1)
        other.regroup(AcceptedAlarms(perDay: 0.1, inGroups: ["shop": 0.11]), Self.shop)
        #expect(bar(1, other) < bar(1, budgets))
    }
}
