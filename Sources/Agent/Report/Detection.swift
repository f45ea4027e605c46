package import API
package import Detection
import Features

extension FeatureReport {
    /// What a feature added to a verdict's score.
    package init(_ feature: FeatureContribution) {
        self.init(
            name: feature.name, value: feature.value, usual: feature.usual, low: feature.low,
            high: feature.high, harmless: feature.harmless, share: feature.share)
    }
}

extension DetectionReport {
    /// What a detector says of itself.
    init(_ detector: Detector) {
        let rates = detector.alarmRates
        self.init(
            tracked: Tracked(detector.tracked), evicted: Tracked(detector.evicted),
            acceptedAlarmsPerDay: rates.first?.accepted ?? 0, realisedAlarmsPerDay: rates.first?.realised,
            drift: detector.drift.map { report in
                Drift(
                    view: report.view, group: report.group, scoreShift: report.scoreShift,
                    since: report.since,
                    features: report.features.map { Shift(name: $0.name, index: Double($0.index)) })
            })
    }
}

extension DetectionReport.Tracked {
    fileprivate init(_ counts: TrackedCounts) {
        self.init(
            sources: counts.sources, destinations: counts.destinations, conversations: counts.conversations,
            services: counts.services)
    }
}
