import Models
import RealModule
import Traffic

/// The rate of alarms that was asked for, and the one that came.
package struct AlarmRates: Hashable, Sendable {
    /// Accepted by the operator, a day.
    package var accepted: Double
    /// Alarms by score so far, scaled to a day.
    package var realised: Double
    /// What the thresholds were raised by to bring the two together.
    package var correction: Double
}

/// Turns an accepted number of false alarms a day into a threshold, and corrects it by the alarms that really come.
///
/// No threshold out of a sample survives drift; so when alarms come more often than accepted, the threshold rises, by up
/// to two decades, and sinks again when they do not. Real attacks raise it too, which is bounded by counting each
/// entity once an hour.
struct AlarmBudget {
    private static let step = 0.25
    private static let most = 2.0

    private let accepted: Double
    private(set) var correction = 0.0
    private var alarms = 0
    private var since: Timestamp?
    private var total = 0
    private var began: Timestamp?

    init(acceptedPerDay: Double) { accepted = max(acceptedPerDay, 0.01) }

    /// The score that windows may exceed by chance at the accepted rate.
    func threshold(of opinion: PeaksOverThreshold, windowsPerHour: Double) -> Double {
        opinion.score(exceededWith: accepted / 24 / max(windowsPerHour, 1)) + correction
    }

    mutating func count(alarms number: Int, at now: Timestamp) {
        began = began ?? now
        let start = since ?? now
        since = start
        alarms += number
        total += number
        let hours = (now - start) / .seconds(3600)
        guard hours >= 1 || Double(alarms) > max(3, accepted / 24 * 3) else { return }
        let isTooMany = Double(alarms) > max(1, accepted / 24 * max(hours, 1))
        correction = min(max(correction + (isTooMany ? Self.step : -Self.step), 0), Self.most)
        alarms = 0
        since = now
    }

    func rates(at now: Timestamp?) -> AlarmRates {
        let days = began.flatMap { began in now.map { ($0 - began) / .seconds(86_400) } } ?? 0
        return AlarmRates(
            accepted: accepted, realised: days > 0 ? Double(total) / days : 0, correction: correction)
    }
}
